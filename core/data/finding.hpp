// What makes the numbers of a task suspicious, found while it was scored; a line under the table says it. Plain data.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::data {

struct Finding {
  std::string kind;  // "unparsed", "unclosed", "cut", "no_shots", "no_label", "no_score", "no_number", "zero"; of a judge of
                     // pairs "unread_verdicts", "order_flips", "position_bias", "prefers_longer", "prefers_shorter"
  uint64_t count = 0, of = 0; // attempts
  std::string detail = {};    // unparsed: the post-processor; no_score: the metric; no_shots: how many; zero: the cause; of
                              // judges of pairs a share
  std::string filter = {};         // the one whose answers these are, where a set has several
  std::string judge = {};          // the model whose replies these are, where they are a judge's
  bool operator==(const Finding&) const = default;
};

inline json::Value to_json(const Finding& finding, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "kind", finding.kind, a);
  json::set(out, "count", json::Value(finding.count), a);
  json::set(out, "of", json::Value(finding.of), a);
  if (!finding.detail.empty()) json::set(out, "detail", finding.detail, a);
  if (!finding.filter.empty()) json::set(out, "filter", finding.filter, a);
  if (!finding.judge.empty()) json::set(out, "judge", finding.judge, a);
  return out;
}

/// Of a results file; one that an older version wrote has none.
inline std::vector<Finding> findings_from_json(const json::Value& results) {
  std::vector<Finding> out;
  const json::Value* list = json::find(results, "findings");
  if (!list || !list->IsArray()) return out;
  for (const auto& one : list->GetArray())
    out.push_back({json::find_string(one, "kind").value_or(""), static_cast<uint64_t>(json::find_int(one, "count").value_or(0)),
                   static_cast<uint64_t>(json::find_int(one, "of").value_or(0)), json::find_string(one, "detail").value_or(""),
                   json::find_string(one, "filter").value_or(""), json::find_string(one, "judge").value_or("")});
  return out;
}

}  // namespace sextant::data
