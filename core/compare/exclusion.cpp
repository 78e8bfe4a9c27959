#include "exclusion.hpp"
#include <cmath>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include <unordered_map>
#include "../base/json_number.hpp"
#include "../report/aligned.hpp"

namespace sextant::compare {
namespace {

using Allocator = json::Document::AllocatorType;

// The mean over some of the questions.
stats::Interval mean_of(const Answers& answers, const std::vector<bool>& taken) {
  std::vector<double> values;
  std::vector<uint32_t> clusters;
  std::unordered_map<std::string, uint32_t> names;
  bool clustered = false;
  uint32_t next = 0;
  for (size_t i = 0; i < answers.questions.size(); ++i) {
    if (!taken[i]) continue;
    const Question& question = answers.questions[i];
    values.push_back(question.values.front());
    clustered = clustered || !question.cluster.empty();
    if (question.cluster.empty()) {
      clusters.push_back(next++);
      continue;
    }
    const auto [place, fresh] = names.try_emplace(question.cluster, next);
    clusters.push_back(place->second);
    next += fresh;
  }
  if (!clustered || next == clusters.size()) clusters.clear();
  stats::Range range;
  const MetricFacts& facts = answers.facts.front();
  if (std::isfinite(facts.low)) range.low = facts.low;
  if (std::isfinite(facts.high)) range.high = facts.high;
  return stats::scaled(stats::of_mean(values, clusters, range), facts.unit);
}

std::string interval_text(const stats::Interval& interval) {
  if (interval.n == 0) return "-";
  if (!interval.known()) return fmt::format("{:.2f}", interval.value);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", interval.value, interval.low, interval.high);
}

json::Value interval_json(const stats::Interval& interval, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "value", number_or_null(interval.value), a);
  json::set(out, "low", number_or_null(interval.low), a);
  json::set(out, "high", number_or_null(interval.high), a);
  json::set(out, "n", json::Value(interval.n), a);
  return out;
}

}  // namespace

Without without(const Answers& answers, const std::map<uint64_t, std::string>& excluded) {
  Without out;
  out.dataset = answers.dataset;
  out.metric = answers.metrics.front();
  std::vector<bool> all(answers.questions.size(), true), kept = all;
  for (size_t i = 0; i < answers.questions.size(); ++i) {
    const auto named = excluded.find(answers.questions[i].index);
    if (named == excluded.end()) continue;
    kept[i] = false;
    ++out.excluded;
    ++out.reasons[named->second];
  }
  out.all = mean_of(answers, all);
  out.kept = mean_of(answers, kept);
  return out;
}

std::string to_text(const std::vector<Without>& all) {
  std::vector<std::vector<std::string>> lines{{"dataset", "model", "metric", "all", "without", "excluded", "change"}};
  std::map<std::string, uint64_t> reasons;
  for (const Without& one : all) {
    lines.push_back({one.dataset, one.model, one.metric, interval_text(one.all), interval_text(one.kept),
                     fmt::format("{} of {}", one.excluded, one.all.n),
                     one.kept.n == 0 ? "-" : fmt::format("{:+.2f}", one.kept.value - one.all.value)});
    for (const auto& [reason, count] : one.reasons) reasons[reason] += count;
  }
  std::string out = report::aligned(std::move(lines), 3);
  for (const auto& [reason, count] : reasons)
    out += fmt::format("{} excluded: {}\n", count, reason.empty() ? "no reason was given" : printable(reason));
  return out;
}

json::Value to_json(const Without& one, Allocator& a) {
  json::Value out(rapidjson::kObjectType), reasons(rapidjson::kObjectType);
  json::set(out, "model", one.model, a);
  json::set(out, "dataset", one.dataset, a);
  json::set(out, "metric", one.metric, a);
  json::set(out, "excluded", json::Value(one.excluded), a);
  json::set(out, "all", interval_json(one.all, a), a);
  json::set(out, "without", interval_json(one.kept, a), a);
  for (const auto& [reason, count] : one.reasons) json::set(reasons, reason, json::Value(count), a);
  json::set(out, "reasons", std::move(reasons), a);
  return out;
}

}  // namespace sextant::compare
