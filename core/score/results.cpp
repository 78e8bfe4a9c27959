// results/<model>/<task>.json.
#include <algorithm>
#include <cmath>
#include <unordered_map>
#include "../data/fields.hpp"
#include "../store/samples_file.hpp"
#include "score.hpp"

namespace sextant::score {
namespace {

using Allocator = json::Document::AllocatorType;

// json::set() for objects of very many members, which looks through none of them.
class Members {
 public:
  void set(json::Value& object, const std::string& name, json::Value value, Allocator& a) {
    const auto [place, fresh] = places_.try_emplace(name, object.MemberCount());
    if (fresh) object.AddMember(json::Value(name, a), std::move(value), a);
    else (object.MemberBegin() + place->second)->value = std::move(value);
  }

 private:
  std::unordered_map<std::string, rapidjson::SizeType> places_;
};

json::Value number_or_null(double value) {
  return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType);
}

// {"accuracy": {"runs": [50, 60], "mean": 55, "deviation": 7.07}}
json::Value repeats_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  for (const Repeated& row : scored.repeated) {
    json::Value one(rapidjson::kObjectType), runs(rapidjson::kArrayType);
    for (const double run : row.runs) runs.PushBack(number_or_null(run), a);
    json::set(one, "runs", std::move(runs), a);
    json::set(one, "mean", number_or_null(row.mean), a);
    json::set(one, "deviation", number_or_null(row.deviation), a);
    if (std::isfinite(row.components.within)) {
      json::set(one, "between_questions", json::Value(100 * row.components.between), a);
      json::set(one, "within_questions", json::Value(100 * row.components.within), a);
    }
    json::set(out, row.key, std::move(one), a);
  }
  return out;
}

// {"accuracy": {"higher_is_better": true, "range": [0, 1]}}: of single attempts' values, as their metrics declare them
json::Value metrics_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  Members members;
  for (const Column& column : scored.columns) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "higher_is_better", json::Value(column.facts.higher_is_better), a);
    if (!column.facts.percent) json::set(one, "percent", json::Value(false), a);
    if (std::isfinite(column.facts.low) || std::isfinite(column.facts.high)) {
      json::Value range(rapidjson::kArrayType);
      range.PushBack(number_or_null(column.facts.low), a).PushBack(number_or_null(column.facts.high), a);
      json::set(one, "range", std::move(range), a);
    }
    members.set(out, column.key, std::move(one), a);
  }
  return out;
}

// {"accuracy": {"higher_is_better": true, "n": 60, "standard_error": 6.3, "low": 49, "high": 73, "method": "wilson"}}: of every
// number
json::Value estimates_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  Members members;
  for (const data::Estimate& number : scored.numbers) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "higher_is_better", json::Value(number.higher_is_better), a);
    if (number.n > 0) json::set(one, "n", json::Value(number.n), a);
    if (number.clusters > 0) json::set(one, "clusters", json::Value(number.clusters), a);
    if (std::isfinite(number.standard_error)) json::set(one, "standard_error", json::Value(number.standard_error), a);
    if (!number.method.empty()) {
      json::set(one, "low", number_or_null(number.low), a);
      json::set(one, "high", number_or_null(number.high), a);
      json::set(one, "method", number.method, a);
    }
    members.set(out, number.metric, std::move(one), a);
  }
  return out;
}

json::Value calibration_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "n", json::Value(scored.calibration.n), a);
  json::set(out, "brier", json::Value(scored.calibration.brier), a);
  json::set(out, "ece", json::Value(scored.calibration.ece), a);
  json::set(out, "confidence", json::Value(scored.calibration.confidence), a);
  json::set(out, "accuracy", json::Value(scored.calibration.accuracy), a);
  if (std::isfinite(scored.auc_roc)) json::set(out, "auc_roc", json::Value(scored.auc_roc), a);
  return out;
}

// Items as write_pretty() would write them in their place.
Result<void> write_details(const Scored& scored, const Write& write) {
  const std::vector<double> none(scored.columns.empty() ? scored.attempts : 0, std::nan(""));   // nothing is compared
  const std::vector<double>& shown = scored.columns.empty() ? none : scored.columns.front().values;
  // right or wrong is said where the metric knows nothing between them
  const bool binary = std::all_of(shown.begin(), shown.end(), [](double v) { return std::isnan(v) || v == 0 || v == 1; });
  for (uint64_t i = 0; i < scored.attempts; ++i) {
    SXT_TRY(const LineParts line, scored.lines->get(i));
    SXT_CHECK(write(i == 0 ? "" : ","));
    SXT_CHECK(write(line.detail));
    std::string rest;
    if (!binary) rest = ",\n      \"score\": " + json::write(number_or_null(shown[i]));
    else if (!std::isnan(shown[i])) rest = shown[i] == 1 ? ",\n      \"correct\": true" : ",\n      \"correct\": false";
    if (!line.errors.empty()) {
      SXT_TRY(const json::Document errors, json::parse(line.errors, "a scored attempt"));
      rest += ",\n      \"error\": " + json::write(errors[0]);
    }
    SXT_CHECK(write(rest + "\n    }"));
  }
  return {};
}

// What write_results() and write_details() put beside the numbers.
constexpr std::string_view members[] = {"counts",  "calibration", "findings", "suspicious", "filters",
                                        "repeats", "estimates",   "metrics",  "details",   store::samples_member};

}  // namespace

bool is_results_member(std::string_view name) {
  return std::find(std::begin(members), std::end(members), name) != std::end(members);
}

// Every number that stands directly in the object is a row of the table, so counts stand one level below.
Result<void> write_results(const Scored& scored, bool with_details, const Write& write) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  Members numbers;
  for (const data::Estimate& number : scored.numbers) numbers.set(out, number.metric, number_or_null(number.value), a);
  if (!scored.samples_sha256.empty()) json::set(out, store::samples_member, scored.samples_sha256, a);
  json::Value counts(rapidjson::kObjectType);
  json::set(counts, "attempts", json::Value(scored.attempts), a);
  json::set(counts, "samples_failed", json::Value(scored.failed), a);
  if (scored.replies > 0) {
    json::set(counts, "replies", json::Value(scored.replies), a);
    if (scored.reply_tokens > 0) json::set(counts, "reply_tokens", json::Value(scored.reply_tokens), a);
    json::set(counts, "unparsed", json::Value(scored.unparsed), a);
    json::set(counts, "cut", json::Value(scored.cut), a);
  }
  if (scored.repeats > 1) json::set(counts, "repeats", json::Value(scored.repeats), a);
  json::set(out, "counts", std::move(counts), a);
  if (scored.calibration.n > 0) json::set(out, "calibration", calibration_json(scored, a), a);
  if (!scored.findings.empty()) {
    json::Value findings(rapidjson::kArrayType);
    for (const data::Finding& finding : scored.findings) findings.PushBack(data::to_json(finding, a), a);
    json::set(out, "findings", std::move(findings), a);
  }
  if (!scored.suspicious.empty()) {
    json::Value list(rapidjson::kArrayType);
    for (const Scored::Suspicious& one : scored.suspicious) {
      json::Value item(rapidjson::kObjectType);
      json::set(item, "model", one.model, a);
      json::set(item, "index", json::Value(one.row), a);
      json::set(item, "repeat", json::Value(one.repeat), a);
      json::set(item, "quote", one.quote, a);
      list.PushBack(std::move(item), a);
    }
    json::set(out, "suspicious", std::move(list), a);
  }
  if (scored.filters.size() > 1) json::set(out, "filters", data::list(scored.filters, a), a);
  if (scored.repeats > 1) json::set(out, "repeats", repeats_json(scored, a), a);
  if (!scored.numbers.empty()) json::set(out, "estimates", estimates_json(scored, a), a);
  json::set(out, "metrics", metrics_json(scored, a), a);
  std::string head = json::write_pretty(out);
  if (!with_details) return write(head + "\n");
  head.resize(head.size() - 2);  // the line feed and the bracket
  SXT_CHECK(write(head + ",\n  \"details\": ["));
  SXT_CHECK(write_details(scored, write));
  return write("\n  ]\n}\n");
}

}  // namespace sextant::score
