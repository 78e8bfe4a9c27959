#include "take_result.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace sextant::infer {
namespace {

// The label that wins: least mean negative log-probability, or greatest sum; the first one on ties.
void choose_label(store::Sample& sample, data::Form form) {
  const store::LabelScore* best = nullptr;
  for (const store::LabelScore& label : sample.labels)
    if (!best || (form == data::Form::labels ? label.value < best->value : label.value > best->value)) best = &label;
  if (best) sample.prediction = best->label;
}

}  // namespace

Result<void> take_result(store::Sample& sample, data::Form form, data::Response& response) {
  sample.prompt_tokens = response.usage.prompt_tokens;
  sample.computed_tokens = response.usage.computed_tokens;
  sample.truncated_tokens = response.usage.truncated_tokens;
  if (form == data::Form::open) {
    sample.prediction = std::move(response.text);
    sample.generated_tokens = response.usage.generated_tokens;
    sample.finish = data::finish_name(response.finish);
    return {};
  }
  if (response.scores.size() != sample.labels.size())
    return Error{Error::Kind::internal, fmt::format("the backend scored {} of {} continuations", response.scores.size(), sample.labels.size())};
  for (size_t i = 0; i < response.scores.size(); ++i) {
    const data::ContinuationScore& score = response.scores[i];
    store::LabelScore& label = sample.labels[i];
    const bool whole = form == data::Form::labels;
    label.logprob = whole ? score.total_logprob : score.logprob;
    label.tokens = whole ? score.total_tokens : score.tokens;
    label.value = whole ? -label.logprob / std::max(1u, label.tokens) : label.logprob;
    if (!std::isfinite(label.value))
      return Error{Error::Kind::internal, fmt::format("the backend gave no finite log-probability for label '{}'", label.label)};
  }
  choose_label(sample, form);
  return {};
}

}  // namespace sextant::infer
