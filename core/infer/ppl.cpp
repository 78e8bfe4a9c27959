// "ppl": one whole text per label; the one that the model finds least surprising wins. A text's number is OpenCompass': the sum
// of -ln p over tokens 2..N, divided by N.
#include <algorithm>
#include "choices.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

class Ppl : public Inferencer {
 public:
  data::Form form() const override { return data::Form::labels; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, whole_request(question));
      return ask(std::move(request));
    }
    const auto& prompts = question.prompts.prompts;
    SXT_TRY(const data::Response* answer, only_answer(so_far, prompts.size()));
    Outcome outcome;
    std::vector<double> values;
    for (size_t i = 0; i < prompts.size(); ++i) {
      const data::ContinuationScore& score = answer->scores[i];
      values.push_back(-score.total_logprob / std::max(1u, score.total_tokens));
      outcome.labels.push_back(
          {prompts[i].label, prompts[i].text, score.total_logprob, score.total_tokens, values.back(), prompts[i].examples});
    }
    SXT_CHECK(check_finite(outcome.labels));
    if (!values.empty()) outcome.prediction = outcome.labels[least(values)].label;
    return done(std::move(outcome));
  }
};

}  // namespace

extern const InferencerType ppl_type;
const InferencerType ppl_type{
    "ppl", "the label whose whole text has the lowest mean of -ln p", no_keys,
    make_default<Ppl>};

}  // namespace sextant::infer
