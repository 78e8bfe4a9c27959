// Finds cards by name. A card's name is its file's name without .json; the folders come in order of precedence.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "run_config.hpp"

namespace sextant::config {

enum class CardKind { dataset, model, summarizer };

struct CardEntry {
  CardKind kind = CardKind::dataset;
  std::string name;
  std::filesystem::path path;
  std::string summary;
};

class CardStore {
 public:
  /// Reads the "card" and "summary" of every .json file in the folders (and their folders, two levels down). A file that is no
  /// card is passed over; a broken one is listed in problems().
  static CardStore open(const std::vector<std::filesystem::path>& folders);
  const std::vector<CardEntry>& entries() const { return entries_; }
  /// The others: a card before them has their name and kind.
  const std::vector<CardEntry>& shadowed() const { return shadowed_; }
  const std::vector<std::string>& problems() const { return problems_; }
  /// The card of that name; an error suggests the nearest.
  Result<const CardEntry*> find(CardKind kind, std::string_view name) const;

 private:
  std::vector<CardEntry> entries_;   // the first of a name wins
  std::vector<CardEntry> shadowed_;  // the others, in the order of their folders
  std::vector<std::string> problems_;
};

/// The folders for --config-dir (empty: none), beside the plugins (`<plugin folder>/cards`), and installed with the program.
std::vector<std::filesystem::path> card_folders(const std::string& config_dir,
                                                std::span<const std::filesystem::path> plugin_folders);
/// What is installed with the program, relative to it: cards, defaults.json.
std::filesystem::path share_folder();

/// Where "extends" finds a card by its name instead of its file's: the first of that name and kind that is not one of the files
/// in `chain`, so that a card may extend the installed one of its own name. Without a store nothing is found.
using CardFinder = std::function<const CardEntry*(std::string_view name, const std::vector<std::string>& chain)>;
CardFinder finder_of(const CardStore* store, CardKind kind);

/// One data set as configs/run.json holds it.
json::Document dataset_to_json(const DatasetConfig& dataset);

Result<ModelConfig> read_model_card(const CardEntry& entry, const CardStore* store = nullptr);
Result<ModelConfig> model_from_json(const json::Value& card, const std::string& name, const std::string& origin);
json::Document model_to_json(const ModelConfig& model);

}  // namespace sextant::config
