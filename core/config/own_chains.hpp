// A model card's own post-processors: which of its replies they read, and their JSON form (docs/cards.md, "Model cards").
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "run_config.hpp"

namespace sextant::config {

/// A list, for all sets, or lists by the names of sets.
Result<std::vector<OwnChain>> own_chains_from_json(const json::Value& value, const std::string& origin);
json::Value own_chains_to_json(const std::vector<OwnChain>& chains, json::Document::AllocatorType& a);

/// Those that the model's replies to that set go through first: of the first chain that names the set by its abbr, by its name in
/// the table or by its card; empty: none.
std::vector<PluginChoice> own_postprocessors(const ModelConfig& model, const DatasetConfig& dataset);

/// The set as the replies of that model (or helper) are read: its own post-processors stand before those of each filter.
DatasetConfig as_read_of(const RunConfig& run, const DatasetConfig& dataset, const std::string& model);

}  // namespace sextant::config
