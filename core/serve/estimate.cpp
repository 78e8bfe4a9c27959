#include "estimate.hpp"

namespace sextant::serve {
namespace {

std::vector<std::string> texts_of(const data::Request& request) {
  const std::string text = request.text.str();
  if (request.continuations.empty()) return {text};
  std::vector<std::string> out;
  for (const data::Text& continuation : request.continuations) out.push_back(text + continuation.str());
  return out;
}

}  // namespace

Result<Estimate> estimate(ModelSession& session, TaskSpec spec) {
  Estimate out;
  out.stage = spec.stage;
  out.one_round = spec.inferencer->one_round();
  SXT_CHECK(spec.feed->open());
  while (auto item = spec.feed->next()) {
    SXT_TRY(const Prepared prepared, std::move(item->prepared));
    SXT_TRY(infer::Step step, spec.inferencer->step({prepared.sample, prepared.prompts, spec.settings}, {}));
    for (data::Request& request : step.ask) {
      if (request.ask == data::Ask::tool || request.ask == data::Ask::tokenize) continue;
      SXT_CHECK(session.write_out(request));
      SXT_TRY(const std::vector<uint32_t> counts, session.count_tokens(texts_of(request), !request.add_special));
      out.requests += spec.repeats;
      for (const uint32_t count : counts) out.prompt_tokens += uint64_t{count} * spec.repeats;
      if (request.sampling) out.generated_tokens += uint64_t{request.sampling->max_new_tokens} * spec.repeats;
    }
  }
  return out;
}

}  // namespace sextant::serve
