#include "score.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/sha256.hpp>

namespace sextant::score {
namespace {

using data::Attempt;

bool has_answer(const Attempt& prediction) { return prediction.target_json != "\"\"" && prediction.target_json != "null"; }

// Gives all items to `step` at once; where that fails, one by one, so that the error names the sample.
template <class T, class Step> auto apply_all(const std::string& name, const Step& step, const std::vector<T>& items,
                                              const std::vector<Attempt>& predictions)
    -> decltype(step(std::span<const T>(items))) {
  auto all = step(std::span<const T>(items));
  if (all) {
    if (all->size() == items.size()) return all;
    return Error{Error::Kind::internal, fmt::format("{} gave {} results for {} samples", name, all->size(), items.size())};
  }
  if (all.error().kind == Error::Kind::cancelled) return all;
  for (size_t i = 0; i < items.size(); ++i)
    if (const auto one = step(std::span<const T>(&items[i], 1)); !one)
      return Error{one.error().kind, fmt::format("{} (sample {})", one.error().message, predictions[i].id.row)};
  return all;
}

using Numbers = std::vector<std::pair<std::string, double>>;

Result<Numbers> numbers_of(const MetricStep& metric, const std::vector<plugin::Judged>& samples,
                           const std::vector<double>& scores) {
  SXT_TRY(const auto aggregate, metric.aggregate(samples, scores));
  Numbers numbers;
  if (aggregate) {
    if (aggregate->IsObject())
      for (const auto& member : aggregate->GetObject())
        if (member.value.IsNumber()) numbers.emplace_back(json::text(member.name), member.value.GetDouble());
    if (numbers.empty())
      return Error{Error::Kind::internal, fmt::format("metric:{} gave no number over all samples", metric.id)};
    return numbers;
  }
  double sum = 0;
  size_t counted = 0;
  for (const double score : scores)
    if (!std::isnan(score)) sum += score, ++counted;
  if (counted == 0) return Error{Error::Kind::internal, fmt::format("metric:{} gave no score for any sample", metric.id)};
  numbers.emplace_back(metric.id, 100 * sum / static_cast<double>(counted));
  return numbers;
}

// Two metrics may call a number by the same name; the later one's then carries its id.
void add_numbers(Numbers& all, const std::string& id, const Numbers& more) {
  for (const auto& number : more) {
    const bool taken = std::any_of(all.begin(), all.end(), [&](const auto& earlier) { return earlier.first == number.first; });
    all.emplace_back(taken ? fmt::format("{}_{}", id, number.first) : number.first, number.second);
  }
}

Result<void> check_answers(const config::DatasetConfig& dataset, const std::vector<Attempt>& predictions) {
  if (dataset.output_column.empty()) return {};  // the metric judges by the record
  const auto lacking = std::count_if(predictions.begin(), predictions.end(), [](const auto& p) { return !has_answer(p); });
  if (lacking == 0) return {};
  return Error{
      Error::Kind::data,
      fmt::format(
          "{} of {} rows of the split '{}' of {} have no answer in '{}', so there is no score; the predictions are kept "
          "(use -m infer, or another split)",
          lacking, predictions.size(), dataset.test_split, dataset.abbr, dataset.output_column)};
}

}  // namespace

// 17 significant digits: every language's printf gives the same text, and every double its own.
std::string canonical_line(const Attempt& prediction, double score) {
  const auto number = [](double value) { return std::isfinite(value) ? fmt::format("{:.17g}", value) : std::string("null"); };
  std::string labels;
  for (const data::LabelScore& label : prediction.labels)
    labels += fmt::format("{}{{\"label\":{},\"value\":{}}}", labels.empty() ? "" : ",", json::quote(label.label),
                          number(label.value));
  return fmt::format("{{\"index\":{},\"labels\":[{}],\"prediction\":{},\"score\":{}}}\n", prediction.id.row, labels,
                     json::quote(prediction.prediction), number(score));
}

Result<Evaluated> score(const config::DatasetConfig& dataset, const std::vector<PostprocessorStep>& postprocessors,
                        const std::vector<MetricStep>& metrics, const std::vector<Attempt>& predictions) {
  if (metrics.empty())
    return Error{Error::Kind::config, fmt::format("{}: {} has no metric; name one in \"eval\": {{\"metrics\": [...]}}",
                                                  dataset.card_path, dataset.abbr)};
  if (predictions.empty())
    return Error{Error::Kind::data,
                 fmt::format("{} has no predictions to score; check its test_range and --limit", dataset.abbr)};
  SXT_CHECK(check_answers(dataset, predictions));

  std::vector<std::string> texts;
  for (const Attempt& prediction : predictions) texts.push_back(prediction.prediction);
  if (dataset.inferencer.id == "gen")
    for (const PostprocessorStep& step : postprocessors) {
      std::vector<plugin::ExtractItem> items;
      for (size_t i = 0; i < texts.size(); ++i) items.push_back({texts[i], predictions[i].record_json, {&texts[i], 1}, 0});
      SXT_TRY(texts, apply_all("postprocessor:" + step.id, step.apply, items, predictions));
    }

  std::vector<plugin::Judged> samples;
  for (size_t i = 0; i < predictions.size(); ++i)
    samples.push_back({texts[i], predictions[i].target_json, predictions[i].record_json});
  Evaluated evaluated;
  std::vector<double> shown;
  for (const MetricStep& metric : metrics) {
    SXT_TRY(std::vector<double> scores, apply_all("metric:" + metric.id, metric.score, samples, predictions));
    SXT_TRY(const Numbers numbers, numbers_of(metric, samples, scores));
    add_numbers(evaluated.metrics, metric.id, numbers);
    if (shown.empty()) shown = std::move(scores);
  }
  std::string lines;
  for (size_t i = 0; i < predictions.size(); ++i) {
    lines += canonical_line(predictions[i], shown[i]);
    evaluated.details.push_back({predictions[i].id.row, texts[i], predictions[i].target_json, shown[i]});
  }
  evaluated.results_sha256 = sha256_hex(lines);
  return evaluated;
}

}  // namespace sextant::score
