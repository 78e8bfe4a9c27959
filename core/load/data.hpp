// The data of a run's data sets: found on the disk, read through the loader plugins, cut to the rows that are evaluated.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "corpus.hpp"

namespace sextant::load {

struct Row {
  uint64_t index = 0;          // in the test split
  std::string record_json;
};
/// The rows that are evaluated, read when they are asked for, a block of neighbours at a time. Threads: [owner].
class Rows {
 public:
  Rows() = default;
  /// `origin`: stands in front of errors, where it is not empty. `indices`: the rows' numbers in the split.
  Rows(plugin::Dataset loader, Derive derive, std::string split, std::string origin, std::vector<uint64_t> indices)
      : loader_(std::move(loader)),
        derive_(std::move(derive)),
        split_(std::move(split)),
        origin_(std::move(origin)),
        indices_(std::move(indices)) {}
  uint64_t size() const { return indices_.size(); }
  /// In the test split.
  uint64_t index(uint64_t position) const { return indices_[position]; }
  /// Where that row of the test split stands among those that are evaluated.
  std::optional<uint64_t> position_of(uint64_t index) const;
  Result<Row> at(uint64_t position);

 private:
  Result<void> read_block(uint64_t position);
  std::optional<plugin::Dataset> loader_;
  Derive derive_;
  std::string split_, origin_;
  std::vector<uint64_t> indices_;
  std::vector<std::string> block_;     // records of the positions from `block_at_` on
  uint64_t block_at_ = 0;
};
struct TaskData {
  std::vector<std::string> shots;   // the examples that fix_k names, in order: the same for every row
  std::vector<uint64_t> shot_rows;  // [shots] their rows of the train split
  Rows rows;
  std::shared_ptr<Corpus> corpus;   // of the train split, where the retriever shows examples; else null
  std::vector<std::string> findings;   // what is probably wrong with the card: warnings, one sentence each
  std::string leak;                    // the one among them that says that prompts show the answer; "" without
};

/// Where data sets may lie, in order: DIR/<folder>, DIR/data/<folder> for --data-dir; else $COMPASS_DATA_CACHE/data, ./data,
/// ~/.cache/opencompass/data; else the folder next to the loader plugin.
std::vector<std::filesystem::path> data_candidates(const std::string& data_dir, const std::string& folder,
                                                   const std::filesystem::path& loader_plugin);

/// Where --data-dir names the folder that a set was unpacked to, or one above it: a clause that says what to do. "" where it
/// does not.
std::string misplaced(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run);

/// Sees every row that is evaluated, in order, while it is checked: who looks at all rows need not read them once more.
using LookAtRow = std::function<Result<void>(const Row& row, const json::Document& record)>;

/// Reads what one task needs: rows with their derived columns, and checks what the card says of them. Files that are missing:
/// an Error of kind missing that names the places that were looked at.
Result<TaskData> load_data(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run,
                           const LookAtRow& look = nullptr);

}  // namespace sextant::load
