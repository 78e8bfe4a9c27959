// The data of a run's data sets: found on the disk, read through the loader plugins, cut to the rows that are evaluated.
#pragma once
#include <cstdint>
#include <filesystem>
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
struct TaskData {
  std::vector<std::string> shots;   // the examples that fix_k names, in order: the same for every row
  std::vector<uint64_t> shot_rows;  // [shots] their rows of the train split
  std::vector<Row> rows;
  std::shared_ptr<Corpus> corpus;   // of the train split, where the retriever shows examples; else null
  std::vector<std::string> findings;   // what is probably wrong with the card: warnings, one sentence each
};

/// Where data sets may lie, in order: DIR/<folder>, DIR/data/<folder> for --data-dir; else $COMPASS_DATA_CACHE/data, ./data,
/// ~/.cache/opencompass/data; else the folder beside the loader plugin.
std::vector<std::filesystem::path> data_candidates(const std::string& data_dir, const std::string& folder,
                                                   const std::filesystem::path& loader_plugin);

/// Where --data-dir names the folder that a set was unpacked to, or one above it: a clause that says what to do. "" where it does not.
std::string misplaced(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run);

/// Reads what one task needs: rows with their derived columns, and checks what the card says of them. Files that are not there: an Error of kind missing that names the places that were looked at.
Result<TaskData> load_data(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run);

}  // namespace sextant::load
