// NAME:PART of a card: which of its data sets are meant, and which of its groups are whole without the others. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>
#include "run_config.hpp"

namespace sextant::config {

/// The names or globs of a subset, which stand with commas between them.
std::vector<std::string> patterns_of(std::string_view subset);

/// Is one of `names` meant? A pattern without * and ? is meant to the letter.
bool names_part(std::string_view pattern, const std::vector<std::string>& names);

/// What a data set is called in a subset: its abbr, whole and behind its first "-".
std::vector<std::string> part_names(const std::string& abbr);

/// Keeps the data sets that a subset names, and the groups all of whose members are kept: an average over a part would bear the
/// whole's name. `names` are those of each data set; the last one is shown where a pattern names nothing.
Result<void> keep_subset(const std::string& subset, const std::vector<std::vector<std::string>>& names, const std::string& origin,
                         std::vector<DatasetConfig>& datasets, std::vector<SummaryGroup>& groups);

}  // namespace sextant::config
