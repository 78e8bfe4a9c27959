#include "format.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include "../base/json_number.hpp"
#include "../base/text.hpp"
#include "../report/aligned.hpp"

namespace sextant::compare {
namespace {

using Allocator = json::Document::AllocatorType;

constexpr size_t differences_shown = 12;
constexpr size_t names_shown = 12;

std::string p_text(double p) { return std::isnan(p) ? "-" : p < 0.0001 ? "<0.0001" : fmt::format("{:.4f}", p); }
std::string e_text(double e) { return std::isnan(e) ? "-" : e >= 1000 ? fmt::format("{:.1e}", e) : fmt::format("{:.2f}", e); }
std::string signed_text(const stats::Interval& interval) {
  if (!interval.known()) return fmt::format("{:+.2f}", interval.value);
  return fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", interval.value, interval.low, interval.high);
}

json::Value texts(const std::vector<std::string>& list, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const std::string& text : list) out.PushBack(json::Value(text, a), a);
  return out;
}

json::Value side(const Side& side, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "run", side.run, a);
  json::set(out, "model", side.model, a);
  return out;
}

void set_interval(json::Value& out, const stats::Interval& interval, Allocator& a) {
  json::set(out, "difference", number_or_null(interval.value), a);
  json::set(out, "low", number_or_null(interval.low), a);
  json::set(out, "high", number_or_null(interval.high), a);
  json::set(out, "standard_error", number_or_null(interval.standard_error), a);
}

json::Value pair_json(const Report& report, const Comparison& one, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "dataset", one.dataset, a);
  json::set(out, "metric", one.metric, a);
  json::set(out, "n", json::Value(one.n), a);
  json::set(out, "a", number_or_null(one.a), a);
  json::set(out, "b", number_or_null(one.b), a);
  if (!std::isnan(one.whole_a)) json::set(out, "whole_a", json::Value(one.whole_a), a);
  if (!std::isnan(one.whole_b)) json::set(out, "whole_b", json::Value(one.whole_b), a);
  set_interval(out, one.difference, a);
  json::set(out, "p", number_or_null(one.p), a);
  json::set(out, "p_adjusted", number_or_null(one.p_adjusted), a);
  json::set(out, "mde", number_or_null(one.mde), a);
  json::set(out, "a_only", json::Value(one.a_only), a);
  json::set(out, "b_only", json::Value(one.b_only), a);
  json::set(out, "e_value", number_or_null(one.e_value), a);
  json::set(out, "test", one.test, a);
  json::set(out, "higher_is_better", json::Value(one.higher_is_better), a);
  if (one.difference.clusters > 0) json::set(out, "clusters", json::Value(one.difference.clusters), a);
  if (one.left_out > 0) json::set(out, "left_out", json::Value(one.left_out), a);
  json::set(out, "model_a", report.a.model, a);
  json::set(out, "model_b", report.b.model, a);
  json::set(out, "run_a", report.a.run, a);
  json::set(out, "run_b", report.b.run, a);
  return out;
}

// What the lines mean, and which of them are more than chance.
std::string findings(const Report& report) {
  std::vector<std::string> sure, lower;
  uint64_t left_out = 0;
  for (const Comparison& one : report.comparisons) {
    const bool better = one.higher_is_better ? one.difference.value > 0 : one.difference.value < 0;
    if (one.p_adjusted <= 0.05) sure.push_back(fmt::format("{} ({} is better)", one.dataset, better ? "B" : "A"));
    if (!one.higher_is_better) lower.push_back(one.dataset);
    left_out += one.left_out;
  }
  const auto count = report.comparisons.size();
  std::string out = sure.empty() ? fmt::format("no difference is significant at 5 %{}\n",
                                               count > 1 ? fmt::format(" over the {} data sets", count) : "")
                                 : fmt::format("significant at 5 %{}: {}\n",
                                               count > 1 ? fmt::format(" over the {} data sets (Holm)", count) : "",
                                               first_names(sure, names_shown));
  if (!lower.empty()) out += fmt::format("less is better: {}\n", first_names(lower, names_shown));
  if (left_out > 0) out += fmt::format("{} questions have no score on one side and are left out\n", left_out);
  return out;
}

}  // namespace

std::vector<std::string> wholes(const std::vector<Comparison>& comparisons) {
  std::vector<std::string> out;
  for (const Comparison& one : comparisons)
    if (!std::isnan(one.whole_a) || !std::isnan(one.whole_b))
      out.push_back(fmt::format(
          "{}, {}: A and B are means over single questions; the tables' numbers over the set are {:.2f} and {:.2f}",
          one.dataset, one.metric, std::isnan(one.whole_a) ? one.a : one.whole_a, std::isnan(one.whole_b) ? one.b : one.whole_b));
  return out;
}

std::string to_text(const Report& report) {
  std::string out = fmt::format("A: {} in {}\nB: {} in {}\n", report.a.model, report.a.run, report.b.model, report.b.run);
  for (size_t i = 0; i < std::min(differences_shown, report.differences.size()); ++i)
    out += fmt::format("differs: {}\n", report.differences[i]);
  if (report.differences.size() > differences_shown)
    out += fmt::format("differs: {} more (--json has all)\n", report.differences.size() - differences_shown);
  if (!report.comparisons.empty()) {
    std::vector<std::vector<std::string>> lines{
        {"dataset", "metric", "n", "A", "B", "B - A", "p", "Holm", "e", "A only", "B only", "detectable"}};
    for (const Comparison& one : report.comparisons)
      lines.push_back({one.dataset, one.metric, std::to_string(one.n), fmt::format("{:.2f}", one.a),
                       fmt::format("{:.2f}", one.b), signed_text(one.difference), p_text(one.p), p_text(one.p_adjusted),
                       e_text(one.e_value), std::to_string(one.a_only), std::to_string(one.b_only),
                       std::isfinite(one.mde) ? fmt::format("{:.2f}", one.mde) : "-"});
    if (const auto whole = average(report.comparisons))
      lines.push_back({fmt::format("average of {}", whole->datasets), "", std::to_string(whole->difference.n),
                       fmt::format("{:.2f}", whole->a), fmt::format("{:.2f}", whole->b), signed_text(whole->difference),
                       p_text(whole->p), "", "", "", "", ""});
    out += "\n" + report::aligned(std::move(lines), 2) + "\n" + findings(report);
    for (const std::string& sentence : wholes(report.comparisons)) out += sentence + "\n";
  }
  if (!report.precisions.empty())
    out += fmt::format("\nprecision: {}\n{}", printable(report.precision), to_text(report.precisions, report.comparisons));
  for (const Refused& one : report.refused) out += fmt::format("not compared: {}: {}\n", one.dataset, one.reason);
  if (!report.a_only.empty()) out += fmt::format("in A alone: {}\n", first_names(report.a_only, names_shown));
  if (!report.b_only.empty()) out += fmt::format("in B alone: {}\n", first_names(report.b_only, names_shown));
  return out;
}

std::string to_json(const std::vector<Report>& reports) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::Value pairs(rapidjson::kArrayType), comparisons(rapidjson::kArrayType);
  for (const Report& report : reports) {
    for (const Comparison& one : report.comparisons) pairs.PushBack(pair_json(report, one, a), a);
    json::Value item(rapidjson::kObjectType), refused(rapidjson::kArrayType);
    json::set(item, "a", side(report.a, a), a);
    json::set(item, "b", side(report.b, a), a);
    json::set(item, "differences", texts(report.differences, a), a);
    if (const auto whole = average(report.comparisons)) {
      json::Value one(rapidjson::kObjectType);
      json::set(one, "datasets", json::Value(static_cast<uint64_t>(whole->datasets)), a);
      json::set(one, "a", number_or_null(whole->a), a);
      json::set(one, "b", number_or_null(whole->b), a);
      set_interval(one, whole->difference, a);
      json::set(one, "p", number_or_null(whole->p), a);
      json::set(item, "average", std::move(one), a);
    }
    if (!report.precision.empty()) {
      json::Value precision(rapidjson::kObjectType), sets(rapidjson::kArrayType);
      for (const Precision& one : report.precisions) sets.PushBack(to_json(one, a), a);
      json::set(precision, "why", report.precision, a);
      json::set(precision, "datasets", std::move(sets), a);
      json::set(item, "precision", std::move(precision), a);
    }
    for (const Refused& one : report.refused) {
      json::Value reason(rapidjson::kObjectType);
      json::set(reason, "dataset", one.dataset, a);
      json::set(reason, "reason", one.reason, a);
      refused.PushBack(std::move(reason), a);
    }
    json::set(item, "refused", std::move(refused), a);
    json::set(item, "a_only", texts(report.a_only, a), a);
    json::set(item, "b_only", texts(report.b_only, a), a);
    comparisons.PushBack(std::move(item), a);
  }
  json::set(out, "pairs", std::move(pairs), a);
  json::set(out, "comparisons", std::move(comparisons), a);
  return json::write(out);
}

}  // namespace sextant::compare
