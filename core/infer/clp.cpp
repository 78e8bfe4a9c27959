// "clp": the labels' first tokens, read off the one position behind the prompt. Only the labels compete: their probabilities
// are those of the vocabulary, made to add up to 1.
//
// One round is enough: the labels are scored as continuations, and the first token's ln p is looked at. Its id is not known
// here. Two labels of one token each differ in it, since their texts differ. Where a longer label has the very bits of
// another's ln p, they begin with the same token, and one position cannot tell them apart.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "choices.hpp"
#include "requests.hpp"

namespace sextant::infer {
namespace {

class Clp : public Inferencer {
 public:
  data::Form form() const override { return data::Form::continuations; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, score_request(question, "clp"));
      request.token_logprobs = true;
      return ask(std::move(request));
    }
    const auto& continuations = question.prompts.continuations;
    SXT_TRY(const data::Response* answer, only_answer(so_far, continuations.size()));
    Outcome outcome;
    std::vector<double> values;
    for (size_t i = 0; i < continuations.size(); ++i) {
      const data::ContinuationScore& score = answer->scores[i];
      if (score.token_logprobs.empty())
        return bad_answer(
            fmt::format("the backend gave no log-probabilities of single tokens for label '{}'; use loglikelihood "
                        "with this model, clp needs them",
                        continuations[i].label));
      values.push_back(score.token_logprobs.front());
      outcome.labels.push_back({continuations[i].label, continuations[i].text, values.back(), 1, values.back()});
    }
    SXT_CHECK(check_finite(outcome.labels));
    SXT_CHECK(check_distinct(outcome.labels, answer->scores));
    outcome.prediction = outcome.labels[greatest(values)].label;
    outcome.extra_json = probabilities(outcome.labels);
    return done(std::move(outcome));
  }

 private:
  static Result<void> check_distinct(const std::vector<data::LabelScore>& labels,
                                     const std::vector<data::ContinuationScore>& scores) {
    for (size_t i = 0; i < labels.size(); ++i)
      for (size_t k = 0; k < i; ++k)
        if (labels[i].value == labels[k].value &&
            (scores[i].tokens > 1 || scores[k].tokens > 1 || labels[i].input == labels[k].input))
          return Error{
              Error::Kind::config,
              fmt::format("labels '{}' and '{}' begin with the same token, which clp cannot tell apart; give labels of "
                          "one token each, or use loglikelihood",
                          labels[k].label, labels[i].label)};
    return {};
  }

  static std::string probabilities(const std::vector<data::LabelScore>& labels) {
    double highest = labels.front().value, sum = 0;
    for (const data::LabelScore& label : labels) highest = std::max(highest, label.value);
    for (const data::LabelScore& label : labels) sum += std::exp(label.value - highest);
    json::Document extra(rapidjson::kObjectType);
    json::Value out(rapidjson::kObjectType);
    for (const data::LabelScore& label : labels)
      json::set(out, label.label, json::Value(std::exp(label.value - highest) / sum), extra.GetAllocator());
    json::set(extra, "probabilities", std::move(out), extra.GetAllocator());
    return json::write(extra);
  }
};

}  // namespace

extern const InferencerType clp_type;
const InferencerType clp_type{
    "clp", "the label with the most likely first token at one position", no_keys,
    make_default<Clp>};

}  // namespace sextant::infer
