#include "subset.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include "../base/text.hpp"

namespace sextant::config {

std::vector<std::string> patterns_of(std::string_view subset) {
  std::vector<std::string> patterns;
  while (!subset.empty()) {
    const size_t comma = std::min(subset.find(','), subset.size());
    if (comma > 0) patterns.emplace_back(subset.substr(0, comma));
    subset.remove_prefix(std::min(comma + 1, subset.size()));
  }
  return patterns;
}

bool names_part(std::string_view pattern, const std::vector<std::string>& names) {
  const bool wild = pattern.find_first_of("*?") != pattern.npos;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return wild ? glob_match(pattern, name) : name == pattern; });
}

std::vector<std::string> part_names(const std::string& abbr) {
  std::vector<std::string> names = {abbr};
  if (const size_t dash = abbr.find('-'); dash != abbr.npos) names.push_back(abbr.substr(dash + 1));
  return names;
}

Result<void> keep_subset(const std::string& subset, const std::vector<std::vector<std::string>>& names,
                         const std::string& origin, std::vector<DatasetConfig>& datasets, std::vector<SummaryGroup>& groups) {
  std::vector<DatasetConfig> kept;
  std::set<std::string> used;
  const std::vector<std::string> patterns = patterns_of(subset);
  for (size_t i = 0; i < datasets.size(); ++i) {
    bool any = false;
    for (const std::string& pattern : patterns)
      if (names_part(pattern, names[i])) {
        used.insert(pattern);
        any = true;
      }
    if (any) kept.push_back(datasets[i]);
  }
  for (const std::string& pattern : patterns) {
    if (used.contains(pattern)) continue;
    std::vector<std::string> shown;
    for (const auto& of_one : names)
      if (shown.empty() || shown.back() != of_one.back()) shown.push_back(of_one.back());
    constexpr size_t named_max = 12;
    return Error{Error::Kind::usage, fmt::format("{}: no part of the card is called '{}'{}; there are: {}", origin, pattern,
                                                 did_you_mean(pattern, shown), first_names(shown, named_max))};
  }
  if (kept.empty())
    return Error{Error::Kind::usage, fmt::format("{}: the subset '{}' names nothing; write NAME:PART", origin, subset)};
  datasets = std::move(kept);
  std::set<std::string> there;
  for (const DatasetConfig& dataset : datasets) there.insert(dataset.abbr);
  std::erase_if(groups, [&](const SummaryGroup& group) {
    if (std::any_of(group.members.begin(), group.members.end(),
                    [&](const std::string& member) { return !there.contains(member); }))
      return true;
    there.insert(group.name);
    return false;
  });
  return {};
}

}  // namespace sextant::config
