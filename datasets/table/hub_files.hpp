// Which files the splits of a data set of the Hugging Face hub have: as its README.md says in YAML, else by their names, as the
// library `datasets` looks for them. Looks at the disk; reads no data.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::tables {

struct HubSet {
  std::string repo, name, revision;   // "allenai/ai2_arc", its configuration ("" or "ARC-Easy"), "main"
  std::filesystem::path path;         // of the cache: .../datasets--allenai--ai2_arc; of `datasets`' own: .../allenai___ai2_arc; or
                                      // a folder with the files
  const json::Value* data_files = nullptr;   // of the task: by split, or one split's; null: as the set says
  std::string data_dir;
  bool local = false;                 // `path` is where relative names begin, and no data set's folder
};

/// By split, in the README's order or in the order train, validation, test; each split's files in the order of their names. An
/// Error of kind missing says how to get what is missing.
Result<std::vector<std::pair<std::string, std::vector<std::filesystem::path>>>> hub_files(const HubSet& set);

}  // namespace sextant::tables
