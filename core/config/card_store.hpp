// Finds cards by name. A card's name is its file's name without .json; the folders come in order of precedence.
#pragma once
#include <filesystem>
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
  const std::vector<std::string>& problems() const { return problems_; }
  /// The card of that name; an error suggests the nearest.
  Result<const CardEntry*> find(CardKind kind, std::string_view name) const;

 private:
  std::vector<CardEntry> entries_;   // the first of a name wins
  std::vector<std::string> problems_;
};

/// The folders for --config-dir (empty: none), beside the plugins (`<plugin folder>/cards`), and installed with the program.
std::vector<std::filesystem::path> card_folders(const std::string& config_dir, std::span<const std::filesystem::path> plugin_folders);

/// Reads a data set card: `variant` as in NAME/VARIANT, or empty. One DatasetConfig per entry of "each"; the card's groups are
/// appended to `ret_groups`.
Result<std::vector<DatasetConfig>> read_dataset_card(const CardEntry& entry, std::string_view variant, std::vector<SummaryGroup>& ret_groups);
/// One data set as configs/run.json holds it (a card without "each").
Result<std::vector<DatasetConfig>> dataset_from_json(const json::Value& card, const std::string& name, const std::string& origin,
                                                     std::vector<SummaryGroup>& ret_groups);
json::Document dataset_to_json(const DatasetConfig& dataset);

Result<ModelConfig> read_model_card(const CardEntry& entry);
Result<ModelConfig> model_from_json(const json::Value& card, const std::string& name, const std::string& origin);
json::Document model_to_json(const ModelConfig& model);

Result<Summarizer> read_summarizer_card(const CardEntry& entry);
Result<std::vector<SummaryGroup>> groups_from_json(const json::Value& list, const std::string& origin);

}  // namespace sextant::config
