// "min_k": how familiar a text is to a model, of its least probable tokens: Min-K% (Shi et al. 2024), the mean of ln p over
// them, and Min-K%++ (Zhang et al. 2025), where each ln p is first seen against what was to be expected in its place,
// (ln p - mean) / standard deviation over the vocabulary. The text is the question with its answer; examples and what else
// stands before it are its context.
#include <algorithm>
#include <cmath>
#include "requests.hpp"

namespace sextant::infer {
namespace {

constexpr double sd_least = 1e-6;  // where the next token is certain, chance is nothing to divide by

// The mean of the least `percent` of them, of one at least.
double mean_of_least(std::vector<double> values, double percent) {
  const auto n = static_cast<size_t>(std::max(1.0, std::floor(static_cast<double>(values.size()) * percent / 100)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n) - 1, values.end());
  std::sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n));  // one order of additions
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += values[i];
  return sum / static_cast<double>(n);
}

class MinK : public Inferencer {
 public:
  explicit MinK(double percent) : percent_(percent) {}
  data::Form form() const override { return data::Form::whole; }

  Result<Step> step(const Question& question, std::span<const Round> so_far) const override {
    if (so_far.empty()) {
      SXT_TRY(data::Request request, whole_request(question));
      const std::string whole = request.continuations.front().str();
      const size_t before = whole.size() - std::min(whole.size(), question.prompts.prompts.front().question_bytes);
      request.ask = data::Ask::score;
      request.text = data::Text(whole.substr(0, before));
      request.continuations = {data::Text(whole.substr(before))};
      request.keep_bytes = before > 0 ? 1 : 0;  // of what stands before it all but its end may be cut
      request.token_logprobs = request.token_moments = true;
      return ask(std::move(request));
    }
    SXT_TRY(const data::Response* answer, only_answer(so_far, 1));
    const data::ContinuationScore& score = answer->scores.front();
    const size_t n = score.token_logprobs.size();
    if (n == 0) return bad_answer("the question has no token that could be scored");
    if (n != score.token_means.size() || n != score.token_variances.size())
      return bad_answer("the backend did not say what ln p of each token was to be expected, which min_k needs");
    std::vector<double> plain, against;
    for (size_t i = 0; i < n; ++i) {
      const double sd = std::max(sd_least, std::sqrt(static_cast<double>(score.token_variances[i])));
      plain.push_back(score.token_logprobs[i]);
      against.push_back((plain.back() - static_cast<double>(score.token_means[i])) / sd);
    }
    if (!std::all_of(plain.begin(), plain.end(), [](double x) { return std::isfinite(x); }))
      return bad_answer("the backend gave no finite log-probability for each token of the question");
    json::Document extra(rapidjson::kObjectType);
    auto& a = extra.GetAllocator();
    json::set(extra, "min_k_plus_plus", json::Value(mean_of_least(std::move(against), percent_)), a);
    json::set(extra, "min_k", json::Value(mean_of_least(std::move(plain), percent_)), a);
    json::set(extra, "logprob", json::Value(score.logprob), a);
    json::set(extra, "tokens", json::Value(score.tokens), a);
    Outcome outcome;
    outcome.extra_json = json::write(extra);
    return done(std::move(outcome));
  }

 private:
  double percent_;
};

}  // namespace

extern const InferencerType min_k_type;
const InferencerType min_k_type{
    "min_k", "how familiar each question's text is to the model, of its least probable tokens", R"({"type": "object", "properties": {
  "percent": {"type": "number", "minimum": 1, "maximum": 100, "default": 20, "description": "the share of a text's tokens that is looked at, the least probable ones"}},
  "additionalProperties": false})",
    [](const json::Value& config) -> Result<std::unique_ptr<Inferencer>> {
      return std::unique_ptr<Inferencer>(std::make_unique<MinK>(json::find_number(config, "percent").value_or(20)));
    }};

}  // namespace sextant::infer
