#include "choices.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/utf8.hpp>
#include "requests.hpp"
#include "words.hpp"

namespace sextant::infer {
namespace {

size_t code_points(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += utf8::at(text, at).size) ++count;
  return count;
}

class Chooser : public Inferencer {
 public:
  Chooser(std::string_view id, data::Form form, std::optional<std::string> delimiter)
      : id_(id), form_(form), delimiter_(std::move(delimiter)) {}
  data::Form form() const override { return form_; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, score_request(question, id_));
      return ask(std::move(request));
    }
    const auto& continuations = question.prompts.continuations;
    SXT_TRY(const data::Response* answer, only_answer(so_far, continuations.size()));
    SXT_TRY(Outcome outcome, choose(continuations, answer->scores, delimiter_));
    return done(std::move(outcome));
  }

 private:
  std::string_view id_;
  data::Form form_;
  std::optional<std::string> delimiter_;
};

}  // namespace

Result<void> check_finite(const std::vector<data::LabelScore>& labels) {
  for (const data::LabelScore& label : labels)
    if (!std::isfinite(label.value))
      return bad_answer(fmt::format("the backend gave no finite log-probability for label '{}'", label.label));
  return {};
}

size_t greatest(std::span<const double> values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}
size_t least(std::span<const double> values) {
  return static_cast<size_t>(std::min_element(values.begin(), values.end()) - values.begin());
}

std::string_view counted_text(std::string_view continuation, const std::optional<std::string>& delimiter) {
  if (!delimiter) return continuation.substr(leading_white_space(continuation));
  return continuation.starts_with(*delimiter) ? continuation.substr(delimiter->size()) : continuation;
}

Result<Outcome> choose(const std::vector<data::Continuation>& continuations, const std::vector<data::ContinuationScore>& scores,
                       std::span<const Lengths> lengths, const std::vector<data::ContinuationScore>* alone) {
  Outcome outcome;
  std::vector<double> by_sum, by_token, by_byte, by_char, by_mutual;
  json::Document extra(rapidjson::kObjectType);
  auto& a = extra.GetAllocator();
  json::Value greedy(rapidjson::kObjectType);
  for (size_t i = 0; i < continuations.size(); ++i) {
    const data::ContinuationScore& score = scores[i];
    const auto mean = [&](size_t count) { return score.logprob / static_cast<double>(std::max<size_t>(1, count)); };
    outcome.labels.push_back({continuations[i].label, continuations[i].text, score.logprob, score.tokens, score.logprob});
    by_sum.push_back(score.logprob);
    if (lengths[i].tokens) by_token.push_back(mean(*lengths[i].tokens));
    by_byte.push_back(mean(lengths[i].bytes));
    by_char.push_back(mean(lengths[i].characters));
    if (alone) by_mutual.push_back(score.logprob - (*alone)[i].logprob);
    json::set(greedy, continuations[i].label, json::Value(score.greedy), a);
  }
  SXT_CHECK(check_finite(outcome.labels));

  json::Value choices(rapidjson::kObjectType);
  for (const auto& [name, values] :
       {std::pair{"sum", &by_sum}, {"token", &by_token}, {"byte", &by_byte}, {"char", &by_char}, {"mutual", &by_mutual}})
    if (!values->empty()) json::set(choices, name, outcome.labels[greatest(*values)].label, a);
  json::set(extra, "choices", std::move(choices), a);
  json::set(extra, "greedy", std::move(greedy), a);
  outcome.prediction = outcome.labels[greatest(by_sum)].label;
  outcome.extra_json = json::write(extra);
  return outcome;
}

Result<Outcome> choose(const std::vector<data::Continuation>& continuations, const std::vector<data::ContinuationScore>& scores,
                       const std::optional<std::string>& delimiter) {
  std::vector<Lengths> lengths;
  for (size_t i = 0; i < continuations.size(); ++i) {
    const std::string_view counted = counted_text(continuations[i].text, delimiter);
    lengths.push_back({counted.size(), code_points(counted), scores[i].tokens});
  }
  return choose(continuations, scores, lengths, nullptr);
}

const std::string_view chooser_schema = R"({"type": "object", "properties": {
  "delimiter": {"type": "string", 
    "description": "the text before each option that does not count towards its length; absent: all leading white space"}},
  "additionalProperties": false})";

Result<std::unique_ptr<Inferencer>> make_chooser(std::string_view id, data::Form form, const json::Value& config) {
  return std::unique_ptr<Inferencer>(std::make_unique<Chooser>(id, form, json::find_string(config, "delimiter")));
}

}  // namespace sextant::infer
