// Whether a set's files are there, as far as can be said without a plugin: by the folder, and by the file names of a loader
// whose configuration has the members of `table` (file, files, beside, texts). Nothing is opened.
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include "../config/run_config.hpp"

namespace sextant::load {

/// Names below the set's folder, with globs; empty where only the loader knows them. The train split's only where examples are
/// shown.
std::vector<std::string> files_of_set(const config::DatasetConfig& dataset);

/// The first of `folders` in which nothing is missing; else empty, and `ret_missing` is the first name that the first folder
/// lacks, or "".
std::filesystem::path folder_with(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& files,
                                  std::string& ret_missing);

}  // namespace sextant::load
