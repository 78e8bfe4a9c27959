// How sure a language model is of one candidate list and one label, for mdl's choose(). Pure; [any].
#pragma once
#include <limits>
#include <span>

namespace sextant::retrieve {

/// OpenCompass' number, in nats: `logprobs` are ln p of the tokens 2..N of the whole prompt (examples, question, label);
/// `example_tokens` is how many tokens the examples have with ice_eos_token behind them. Two of its habits are kept: the
/// first token behind the examples is not counted, but the sum is divided as if it were. NaN where the examples are the whole
/// prompt.
inline double opencompass_loss(std::span<const float> logprobs, size_t example_tokens) {
  const size_t tokens = logprobs.size() + 1;
  if (example_tokens >= tokens) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (const float logprob : logprobs.subspan(example_tokens)) sum -= logprob;
  return sum / static_cast<double>(tokens - example_tokens);
}

}  // namespace sextant::retrieve
