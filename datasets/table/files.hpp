// Which files a split has: "file" with {split} and {name}, or "files" by split, with globs.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::tables {

/// The files below `folder`, in the card's order; those of a glob in the order of their names. One that does not exist is named as it is,
/// so that reading it says so; a glob that matches nothing is an Error of kind missing.
Result<std::vector<std::filesystem::path>> files_of_split(const std::filesystem::path& folder, const json::Value& config, std::string_view split);

/// The splits that the configuration may have, the ones asked for most first.
std::vector<std::string> splits_of(const json::Value& config);

}  // namespace sextant::tables
