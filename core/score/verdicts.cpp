// preference, rating, correct: what a judge's reply says, as numbers (data/verdict.hpp reads it). What cannot be read has no
// value: it is counted, and left out of the means.
#include <cmath>
#include <memory>
#include "../data/attempt.hpp"
#include "../data/verdict.hpp"
#include "../stats/divergence.hpp"
#include "own_metrics.hpp"

namespace sextant::score {
namespace {

Result<MetricStep> make(const char* id, const json::Value& config, const std::string& origin) {
  SXT_TRY(data::VerdictReader made, data::VerdictReader::make(id, config, origin));
  const auto reader = std::make_shared<const data::VerdictReader>(std::move(made));
  MetricStep step;
  step.id = id;
  step.aggregates = false;
  step.score = [reader, id](std::span<const Judged> items) -> Result<std::vector<Verdict>> {
    std::vector<Verdict> out;
    for (const Judged& item : items) {
      data::ReadVerdict read = reader->read(item.prediction);
      Verdict verdict{
          {{id, read.value.value_or(std::numeric_limits<double>::quiet_NaN())}}, std::move(read.label), std::move(read.why)};
      for (auto& part : read.parts) verdict.values.push_back(std::move(part));
      out.push_back(std::move(verdict));
    }
    return out;
  };
  if (reader->graded())
    step.of_labels = [reader](const data::Attempt& attempt) {
      std::vector<double> logs;
      for (const data::LabelScore& label : attempt.labels) logs.push_back(label.logprob);
      const std::vector<double> probabilities = stats::softmax(logs);
      std::vector<std::pair<std::string, double>> labels;
      for (size_t i = 0; i < logs.size(); ++i) labels.emplace_back(attempt.labels[i].label, probabilities[i]);
      return reader->expected(labels).value_or(std::numeric_limits<double>::quiet_NaN());
    };
  return step;
}

Result<MetricStep> make_preference(const json::Value& config, config::Compat, const std::string& origin) {
  return make("preference", config, origin);
}
Result<MetricStep> make_rating(const json::Value& config, config::Compat, const std::string& origin) {
  return make("rating", config, origin);
}

// accuracy is of all that was read; of what was attempted alone, accuracy_given_attempted; f1 is the harmonic mean of both, as
// SimpleQA defines them.
Result<MetricStep> make_correct(const json::Value& config, config::Compat, const std::string& origin) {
  SXT_TRY(MetricStep step, make("correct", config, origin));
  SXT_TRY(data::VerdictReader made, data::VerdictReader::make("correct", config, origin));
  const auto reader = std::make_shared<const data::VerdictReader>(std::move(made));
  step.aggregates = true;
  step.aggregate = [reader](std::span<const Judged> items,
                            std::span<const double> first) -> Result<std::optional<json::Document>> {
    double read = 0, right = 0, attempted = 0;
    for (size_t i = 0; i < items.size(); ++i) {
      if (std::isnan(first[i])) continue;
      ++read, right += first[i];
      const data::ReadVerdict verdict = reader->read(items[i].prediction);
      for (const auto& [name, value] : verdict.parts) attempted += name == "attempted" ? value : 0;
    }
    if (read == 0) return std::optional<json::Document>();
    json::Document out(rapidjson::kObjectType);
    auto& a = out.GetAllocator();
    json::set(out, "correct", json::Value(100 * right / read), a);
    if (attempted == read) return std::optional(std::move(out));
    json::set(out, "attempted", json::Value(100 * attempted / read), a);
    json::set(out, "correct_given_attempted", json::Value(attempted > 0 ? 100 * right / attempted : 0), a);
    json::set(out, "f1", json::Value(right > 0 ? 200 * right / (read + attempted) : 0), a);
    return std::optional(std::move(out));
  };
  return step;
}

}  // namespace

extern const OwnMetric preference_metric, rating_metric, correct_metric;
const OwnMetric preference_metric{
    "preference", "which of two answers a judge prefers: the share of the one that is shown first",
    data::VerdictReader::schema_of("preference"),
    R"({"values": [{"name": "preference", "higher_is_better": true, "range": [0, 1]}]})", false, make_preference};
const OwnMetric rating_metric{"rating", "the points that a judge gives", data::VerdictReader::schema_of("rating"),
                              R"({"values": [{"name": "rating", "higher_is_better": true, "percent": false}]})", false,
                              make_rating};
const OwnMetric correct_metric{
    "correct",
    "whether a judge says that an answer is right",
    data::VerdictReader::schema_of("correct"),
    R"({"values": [{"name": "correct", "higher_is_better": true, "range": [0, 1]}, {"name": "attempted", "higher_is_better": true, "range": [0, 1]}]})",
    false,
    make_correct};

}  // namespace sextant::score
