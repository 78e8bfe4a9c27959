// A card that names other cards ("cards"): a collection. What a name of --datasets stands for, collections among them.
#pragma once
#include <string>
#include <vector>
#include "read_card.hpp"

namespace sextant::config {

/// A card's data sets and groups, kept together until every name is known.
struct CardSets {
  std::vector<DatasetConfig> datasets;
  std::vector<SummaryGroup> groups;
  bool allow_missing = false;   // of a collection that says so
};

/// One CardSets of a plain card; of a collection one for each of its cards, in order, and a last one with the collection's own
/// groups and no data sets. A subset names cards of the collection or data sets of them; an inferencer is each card's.
Result<std::vector<CardSets>> read_cards(const CardEntry& entry, const CardOptions& options);

}  // namespace sextant::config
