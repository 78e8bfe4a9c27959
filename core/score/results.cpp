// results/<model>/<task>.json.
#include <algorithm>
#include <cmath>
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "../data/fields.hpp"
#include "score.hpp"

namespace sextant::score {
namespace {

using Allocator = json::Document::AllocatorType;

json::Value number_or_null(double value) { return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType); }

// {"accuracy": {"runs": [50, 60], "mean": 55, "deviation": 7.07}}
json::Value repeats_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  for (const Repeated& row : scored.repeated) {
    json::Value one(rapidjson::kObjectType), runs(rapidjson::kArrayType);
    for (const double run : row.runs) runs.PushBack(number_or_null(run), a);
    json::set(one, "runs", std::move(runs), a);
    json::set(one, "mean", number_or_null(row.mean), a);
    json::set(one, "deviation", number_or_null(row.deviation), a);
    json::set(out, row.key, std::move(one), a);
  }
  return out;
}

// {"accuracy": {"higher_is_better": true, "range": [0, 1]}}: of single attempts' values, as their metrics declare them
json::Value metrics_json(const Scored& scored, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  for (const Column& column : scored.columns) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "higher_is_better", json::Value(column.facts.higher_is_better), a);
    if (std::isfinite(column.facts.low) || std::isfinite(column.facts.high)) {
      json::Value range(rapidjson::kArrayType);
      range.PushBack(number_or_null(column.facts.low), a).PushBack(number_or_null(column.facts.high), a);
      json::set(one, "range", std::move(range), a);
    }
    json::set(out, column.key, std::move(one), a);
  }
  return out;
}

json::Value details_json(const Scored& scored, Allocator& a) {
  const std::vector<double> none(scored.columns.empty() ? scored.attempts.size() : 0, std::nan(""));   // nothing is compared
  const std::vector<double>& shown = scored.columns.empty() ? none : scored.columns.front().values;
  // right or wrong is said where the metric knows nothing between them
  const bool binary = std::all_of(shown.begin(), shown.end(), [](double v) { return std::isnan(v) || v == 0 || v == 1; });
  json::Value details(rapidjson::kArrayType);
  for (size_t i = 0; i < scored.attempts.size(); ++i) {
    const Reading& reading = scored.readings[i].front();
    json::Value item(rapidjson::kObjectType);
    json::set(item, "index", json::Value(scored.attempts[i].id.row), a);
    if (scored.repeats > 1) json::set(item, "repeat", json::Value(scored.attempts[i].id.repeat), a);
    json::set(item, "pred", utf8::repair(reading.answer), a);
    json::set(item, "answer", data::embed(reading.reference_json.empty() ? scored.attempts[i].target_json : reading.reference_json, a), a);
    if (!binary)
      json::set(item, "score", number_or_null(shown[i]), a);
    else if (!std::isnan(shown[i]))
      json::set(item, "correct", json::Value(shown[i] == 1), a);
    for (const Reading& one : scored.readings[i])
      if (one.error && !item.HasMember("error")) json::set(item, "error", utf8::repair(one.error->message), a);
    details.PushBack(std::move(item), a);
  }
  return details;
}

}  // namespace

// Every number that stands directly in the object is a row of the table, so counts stand one level below.
std::string to_json(const Scored& scored, bool with_details) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  for (const data::Estimate& number : scored.numbers) json::set(out, number.metric, number_or_null(number.value), a);
  json::Value counts(rapidjson::kObjectType);
  json::set(counts, "attempts", json::Value(static_cast<uint64_t>(scored.attempts.size())), a);
  json::set(counts, "samples_failed", json::Value(scored.failed), a);
  if (scored.repeats > 1) json::set(counts, "repeats", json::Value(scored.repeats), a);
  json::set(out, "counts", std::move(counts), a);
  if (scored.filters.size() > 1) json::set(out, "filters", data::list(scored.filters, a), a);
  if (scored.repeats > 1) json::set(out, "repeats", repeats_json(scored, a), a);
  json::set(out, "metrics", metrics_json(scored, a), a);
  if (with_details) json::set(out, "details", details_json(scored, a), a);
  return json::write_pretty(out);
}

}  // namespace sextant::score
