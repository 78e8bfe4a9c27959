// Which files a split has: "file" with {split} and {name}, or "files" by split, with globs. And their rows.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/file_dataset.hpp>
#include "rows.hpp"

namespace sextant::tables {

/// The files below `folder`, in the card's order; those of a glob in the order of their names. One that does not exist is named
/// as it is, so that reading it says so; a glob that matches nothing is an Error of kind missing.
Result<std::vector<std::filesystem::path>> files_of_split(const std::filesystem::path& folder, const json::Value& config,
                                                          std::string_view split);

/// What `file` and `files` name for a split, read. `rows`' records are made with `allocator`; of the result only file and bytes
/// are set.
Result<Records> read_files(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                           const Reading& reading, Allocator& allocator, std::vector<Row>& ret_rows,
                           std::vector<std::string>& ret_notes);

/// No split has files of its own: the file is every one.
bool is_every_split(const json::Value& config);

/// The splits that the configuration may have, the ones asked for most first.
std::vector<std::string> splits_of(const json::Value& config);

}  // namespace sextant::tables
