#include "ask_model.hpp"

namespace sextant::serve {
namespace {

std::vector<plugin::Request> lent(std::span<const data::Request* const> requests) {
  std::vector<plugin::Request> out;
  out.reserve(requests.size());
  for (const data::Request* from : requests) {
    plugin::Request& to = out.emplace_back();
    if (from->add_special) to.flags |= SXT_REQUEST_ADD_SPECIAL;
    if (from->token_logprobs) to.flags |= SXT_REQUEST_TOKEN_LOGPROBS;
    if (from->ask == data::Ask::whole) to.flags |= SXT_REQUEST_WHOLE;
    to.prefix = from->text.str();
    for (const data::Text& text : from->continuations) to.continuations.push_back(text.str());
    to.keep_bytes = from->keep_bytes;
    to.max_prompt_tokens = from->max_prompt_tokens;
    if (!from->sampling) continue;
    const data::Sampling& s = *from->sampling;
    to.sampling = plugin::Sampling{s.max_new_tokens, s.min_new_tokens, s.temperature, s.top_p, s.top_k, s.seed, s.stream, s.stop};
  }
  return out;
}

data::Response taken(const data::Request& request, plugin::RequestResult result) {
  data::Response out;
  out.key = request.key;
  out.error = std::move(result.error);
  out.too_long = result.too_long;
  out.text = std::move(result.text);
  for (plugin::Score& score : result.scores)
    out.scores.push_back({score.logprob, score.total_logprob, score.token_count, score.total_tokens, score.greedy, std::move(score.token_logprobs)});
  out.usage = {result.prompt_tokens, result.computed_tokens, static_cast<uint32_t>(result.ids.size()), result.truncated_tokens};
  if (request.ask == data::Ask::generate)
    out.finish = result.finish == SXT_FINISH_EOS ? data::Finish::eos : result.finish == SXT_FINISH_STOP ? data::Finish::stop : data::Finish::length;
  return out;
}

}  // namespace

Result<void> ask_model(plugin::Model& model, std::span<const data::Request* const> requests,
                       const std::function<void(size_t, data::Response)>& done) {
  const std::vector<plugin::Request> all = lent(requests);
  return model.run(all, [&](size_t i, plugin::RequestResult result) { done(i, taken(*requests[i], std::move(result))); });
}

Result<json::Document> plan_call(plugin::Model& model, std::span<const data::Request* const> requests) { return model.plan(lent(requests)); }

}  // namespace sextant::serve
