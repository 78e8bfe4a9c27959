// Rows of the table that are averages: read from cards, their members' globs expanded.
#pragma once
#include <span>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "card_store.hpp"
#include "run_config.hpp"

namespace sextant::config {

/// [{"name", "members": [...], "weights"?: {member: number} | "size"}, ...]
Result<std::vector<SummaryGroup>> groups_from_json(const json::Value& list, const std::string& origin);
json::Value group_to_json(const SummaryGroup& group, json::Document::AllocatorType& a);
Result<Summarizer> read_summarizer_card(const CardEntry& entry, const CardStore* store = nullptr);

/// Members with * or ? become the names that they match, in the names' order; one that matches none is an Error.
Result<void> expand_members(std::vector<SummaryGroup>& groups, std::span<const std::string> names, const std::string& origin);
/// An error where two groups, or a group and a data set, have one name: the table would have two rows of it.
Result<void> check_group_names(const std::vector<SummaryGroup>& groups, std::span<const std::string> names,
                               const std::string& origin);

}  // namespace sextant::config
