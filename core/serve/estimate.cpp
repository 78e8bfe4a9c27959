#include "estimate.hpp"
#include "../render/render.hpp"

namespace sextant::serve {
namespace {

Result<std::vector<std::string>> texts_of(ModelSession& session, const data::Request& request) {
  std::string text = request.text.str();
  if (text.empty() && !request.messages.empty()) {
    SXT_TRY(const render::Prompt prompt, render::conversation_prompt(request.messages, request.tools_json,
                                                                     [&](std::string_view conversation) { return session.render_chat(conversation); }));
    text = prompt.text.str();
  }
  if (request.continuations.empty()) return std::vector<std::string>{text};
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
    SXT_TRY(const infer::Step step, spec.inferencer->step({prepared.sample, prepared.prompts, spec.settings}, {}));
    for (const data::Request& request : step.ask) {
      if (request.ask == data::Ask::tool || request.ask == data::Ask::tokenize) continue;
      SXT_TRY(const std::vector<std::string> texts, texts_of(session, request));
      SXT_TRY(const std::vector<uint32_t> counts, session.count_tokens(texts, !request.add_special));
      out.requests += spec.repeats;
      for (const uint32_t count : counts) out.prompt_tokens += uint64_t{count} * spec.repeats;
      if (request.sampling) out.generated_tokens += uint64_t{request.sampling->max_new_tokens} * spec.repeats;
    }
  }
  return out;
}

}  // namespace sextant::serve
