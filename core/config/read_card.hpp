// From a data set card to the data sets that it stands for: variants, other inferencers, subsets, overrides, "each" and groups.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include "../data/sample.hpp"
#include "card_store.hpp"
#include "each.hpp"
#include "run_config.hpp"

namespace sextant::config {

/// An inferencer that a card may name, and the prompts that it asks with.
struct KnownInferencer {
  std::string id;
  data::Form form = data::Form::open;
  std::optional<std::vector<std::string>> keys{};   // of its configuration; nothing: it takes others, too
};

/// Null where there is none of that id.
const KnownInferencer* find_inferencer(const std::vector<KnownInferencer>& known, std::string_view id);

/// What a card is read with, besides its own text.
struct CardOptions {
  std::string variant;                        // NAME/VARIANT
  std::string inferencer;                     // NAME/ID: asks with this one instead
  std::string subset;                         // NAME:SUBSET: names or globs with commas between them
  std::vector<std::pair<std::string, std::string>> set = {};   // --set
  std::vector<KnownInferencer> inferencers = {};               // empty: not known here
  const CardStore* store = nullptr;           // for "extends" of a card by its name
  DataFolder data_folder = {};                // for "each" over files
  std::function<void(const std::string&)> warn = {};
};

/// The parts of NAME[:SUBSET][/INFERENCER|/VARIANT]; the card's name is returned. What stands behind a slash is an inferencer's
/// id first, else a variant.
std::string read_card_name(const std::string& text, const std::vector<KnownInferencer>& inferencers, CardOptions& ret_options);

/// Reads a data set card: one DatasetConfig per entry of "each"; the card's groups are appended to `ret_groups`.
Result<std::vector<DatasetConfig>> read_dataset_card(const CardEntry& entry, const CardOptions& options,
                                                     std::vector<SummaryGroup>& ret_groups);
/// A card that is written out in CONFIG.json, or a data set as configs/run.json holds it.
Result<std::vector<DatasetConfig>> dataset_from_json(const json::Value& card, const std::string& name,
                                                     const std::string& origin, std::vector<SummaryGroup>& ret_groups,
                                                     const CardOptions& options = {});
/// One data set: no "each", every ${name} filled in.
Result<DatasetConfig> dataset_from_filled(const json::Value& card, const std::string& name, const std::string& origin);

}  // namespace sextant::config
