// The examples of each sample, chosen by the card's retriever out of the train split. What it reads of a model (embeddings,
// losses) was computed by stages before and comes in as plain data. Threads: [owner].
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
#include "../config/run_config.hpp"
#include "../load/data.hpp"
#include "../plugin/components.hpp"
#include "../retrieve/retriever.hpp"

namespace sextant::serve {

/// What stages have computed for a data set's retriever.
struct Retrieved {
  bool planned = false;  // a plan: nothing was computed, the first rows stand in for the examples
  std::vector<float> corpus;                                       // [rows of the train split, width]
  size_t width = 0;
  std::unordered_map<uint64_t, std::vector<float>> samples;        // [row of the test split] its embedding
  std::unordered_map<uint64_t, std::vector<retrieve::Losses>> losses;  // [row of the test split] of its candidates
};

struct Chosen {
  std::vector<std::string> records;                                // in the order in which they are shown
  std::vector<uint64_t> rows;                                      // of the train split
  std::vector<std::vector<std::string>> candidates;                // a model is to choose among these; records is empty then
  bool own_example = false;                                        // the sample itself is among them (compat modes only)
};

class Examples {
 public:
  /// Borrows `retrieved` (null: no stage is run before; a retriever that reads a model is then an Error) and the dataset.
  static Result<Examples> open(plugin::Host& host, const config::DatasetConfig& dataset, const load::TaskData& data,
                               const config::RunConfig& run, const Retrieved* retrieved);
  /// `position`: the sample's place among those of the test split. With `rank`, candidates are left for a model to choose
  /// among.
  Result<Chosen> choose(const load::Row& row, uint64_t position, bool rank = false);

 private:
  explicit Examples(const config::DatasetConfig& dataset) : dataset_(&dataset) {}
  Result<Chosen> fixed(const load::Row& row) const;
  const config::DatasetConfig* dataset_;
  std::unique_ptr<retrieve::Retriever> retriever_;                 // null: nothing is shown, or the same rows to all
  std::shared_ptr<const retrieve::Corpus> corpus_;
  std::shared_ptr<load::Corpus> lazily_;                           // records are read as they are shown; else null
  std::vector<std::string> shots_;                                 // of fix_k
  std::vector<uint64_t> shot_rows_;
  const Retrieved* retrieved_ = nullptr;
  bool compat_ = false;
  uint64_t stand_in_ = 0, stand_in_lists_ = 1;  // of a plan: examples of each sample, and lists to choose among
};

/// Whether the program itself has a retriever of that id.
bool is_own_retriever(std::string_view id);

/// A row's text for retrieval: its input columns.
Result<std::string> retrieval_text(const config::DatasetConfig& dataset, const std::string& record_json);

/// What a card's retriever reads of models before it can choose.
Result<retrieve::Traits> retriever_traits(plugin::Host& host, const config::DatasetConfig& dataset,
                                          const config::RunConfig& run);

}  // namespace sextant::serve
