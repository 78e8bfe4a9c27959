#include "finding.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"

namespace sextant::check {

std::string_view severity_name(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

json::Value to_json(const Finding& finding, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "id", finding.id, a);
  json::set(out, "severity", severity_name(finding.severity), a);
  if (!finding.dataset.empty()) json::set(out, "dataset", finding.dataset, a);
  if (!finding.model.empty()) json::set(out, "model", finding.model, a);
  json::set(out, "text", finding.text, a);
  if (finding.row) json::set(out, "row", json::Value(*finding.row), a);
  if (!finding.sample.empty()) json::set(out, "sample", finding.sample, a);
  if (!finding.remedy.empty()) json::set(out, "remedy", finding.remedy, a);
  return out;
}

std::string to_text(const std::vector<Finding>& findings) {
  struct Group {
    const Finding* first;
    std::vector<std::string> others;
  };
  std::vector<Group> groups;
  for (const Finding& finding : findings) {
    const auto same = [&](const Group& group) {
      const Finding& first = *group.first;
      return !finding.dataset.empty() && first.id == finding.id && first.severity == finding.severity &&
             first.model == finding.model && first.remedy == finding.remedy;
    };
    const auto found = std::find_if(groups.begin(), groups.end(), same);
    if (found == groups.end()) groups.push_back({&finding, {}});
    else if (found->first->dataset != finding.dataset) found->others.push_back(finding.dataset);
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const Group& a, const Group& b) { return a.first->severity > b.first->severity; });
  std::string out;
  for (const auto& [first, others] : groups) {
    std::string subject = first->dataset;
    if (!first->model.empty()) subject += (subject.empty() ? "" : " with ") + first->model;
    out += fmt::format("{}: {}{}{} [{}]\n", severity_name(first->severity), subject, subject.empty() ? "" : ": ", first->text,
                       first->id);
    if (!first->sample.empty())
      out += first->row ? fmt::format("  row {}: {}\n", *first->row, first->sample) : fmt::format("  {}\n", first->sample);
    if (!others.empty()) out += fmt::format("  also: {}\n", first_names(others, 8));
    if (!first->remedy.empty()) out += fmt::format("  -> {}\n", first->remedy);
  }
  return out;
}

}  // namespace sextant::check
