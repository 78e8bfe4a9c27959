// Precisions as text for a terminal and as JSON.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../base/json_number.hpp"
#include "../report/aligned.hpp"
#include "precision.hpp"

namespace sextant::compare {
namespace {

using Allocator = json::Document::AllocatorType;

std::string percent(const stats::Interval& share) {
  if (share.n == 0) return "-";
  if (!share.known()) return fmt::format("{:.2f}", 100 * share.value);
  return fmt::format("{:.2f} [{:.1f}, {:.1f}]", 100 * share.value, 100 * share.low, 100 * share.high);
}

std::string divergence_text(const stats::Interval& mean) {
  if (mean.n == 0) return "-";
  if (!mean.known()) return fmt::format("{:.3g}", mean.value);
  return fmt::format("{:.3g} [{:.3g}, {:.3g}]", mean.value, mean.low, mean.high);
}

// In points of a probability.
std::string changes_text(const stats::Changes& changes) {
  return changes.n == 0 ? "-" : fmt::format("{:+.3f} ({:.3f})", 100 * changes.mean, 100 * changes.root_mean_square);
}

std::string ratio_text(const Precision& one) {
  if (one.perplexity_of.empty()) return "-";
  const auto in_percent = [](double log_ratio) { return 100 * std::expm1(log_ratio); };
  const std::string value = fmt::format("{:+.3f} %", in_percent(one.log_ratio.value));
  if (!one.log_ratio.known()) return value;
  return fmt::format("{} [{:+.3f}, {:+.3f}]", value, in_percent(one.log_ratio.low), in_percent(one.log_ratio.high));
}

void set_changes(json::Value& out, const char* name, const stats::Changes& changes, Allocator& a) {
  if (changes.n == 0) return;
  json::Value item(rapidjson::kObjectType);
  json::set(item, "n", json::Value(static_cast<uint64_t>(changes.n)), a);
  json::set(item, "mean", number_or_null(changes.mean), a);
  json::set(item, "rms", number_or_null(changes.root_mean_square), a);
  json::set(item, "p01", number_or_null(changes.low), a);
  json::set(item, "p99", number_or_null(changes.high), a);
  json::set(out, name, std::move(item), a);
}

json::Value interval_json(const stats::Interval& interval, const char* name, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, name, number_or_null(interval.value), a);
  json::set(out, "low", number_or_null(interval.low), a);
  json::set(out, "high", number_or_null(interval.high), a);
  json::set(out, "n", json::Value(interval.n), a);
  if (interval.clusters > 0) json::set(out, "clusters", json::Value(interval.clusters), a);
  return out;
}

}  // namespace

std::string to_text(const std::vector<Precision>& precisions, const std::vector<Comparison>& flips) {
  std::vector<std::vector<std::string>> lines{{"dataset", "n", "KL, nats", "greatest", "same answer, %", "same reply, %",
                                               "lost", "gained", "p of the answer", "perplexity A", "B", "change",
                                               "p of a token"}};
  uint64_t left_out = 0;
  for (const Precision& one : precisions) {
    const auto found = std::find_if(flips.begin(), flips.end(),
                                    [&](const Comparison& comparison) { return comparison.dataset == one.dataset; });
    const auto count = [&](uint64_t Comparison::*member) {
      return found == flips.end() ? std::string("-") : std::to_string(*found.*member);
    };
    const bool scored = !one.perplexity_of.empty();
    lines.push_back({one.dataset, std::to_string(one.questions), divergence_text(one.divergence),
                     one.divergence.n == 0 ? "-" : fmt::format("{:.3g} (row {})", one.divergence_max, one.divergence_max_row),
                     percent(one.agreement), percent(one.same_reply), count(&Comparison::a_only), count(&Comparison::b_only),
                     changes_text(one.answer), scored ? fmt::format("{:.4g}", one.perplexity_a) : "-",
                     scored ? fmt::format("{:.4g}", one.perplexity_b) : "-", ratio_text(one), changes_text(one.tokens)});
    left_out += one.left_out;
  }
  // a column in which no set has anything is left out
  for (size_t column = lines[0].size(); column > 1; --column) {
    const size_t at = column - 1;
    if (std::any_of(lines.begin() + 1, lines.end(), [&](const auto& line) { return line[at] != "-"; })) continue;
    for (auto& line : lines) line.erase(line.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::string out = report::aligned(std::move(lines), 1);
  if (left_out > 0)
    out += fmt::format("{} questions were not asked with the same prompt on both sides and are left out\n", left_out);
  return out;
}

json::Value to_json(const Precision& one, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "dataset", one.dataset, a);
  json::set(out, "n", json::Value(one.questions), a);
  json::set(out, "left_out", json::Value(one.left_out), a);
  if (one.divergence.n > 0) {
    json::Value divergence = interval_json(one.divergence, "mean", a);
    json::set(divergence, "median", number_or_null(one.divergence_median), a);
    json::set(divergence, "max", number_or_null(one.divergence_max), a);
    json::set(divergence, "max_row", json::Value(one.divergence_max_row), a);
    json::set(out, "kl", std::move(divergence), a);
  }
  if (one.agreement.n > 0) json::set(out, "agreement", interval_json(one.agreement, "share", a), a);
  if (one.same_reply.n > 0) json::set(out, "same_reply", interval_json(one.same_reply, "share", a), a);
  set_changes(out, "answer_probability", one.answer, a);
  if (!one.perplexity_of.empty()) {
    json::Value perplexity = interval_json(one.log_ratio, "log_ratio", a);
    json::set(perplexity, "of", one.perplexity_of, a);
    json::set(perplexity, "a", number_or_null(one.perplexity_a), a);
    json::set(perplexity, "b", number_or_null(one.perplexity_b), a);
    json::set(out, "perplexity", std::move(perplexity), a);
  }
  set_changes(out, "token_probability", one.tokens, a);
  return out;
}

}  // namespace sextant::compare
