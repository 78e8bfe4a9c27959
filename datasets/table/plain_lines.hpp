// Files of JSON lines whose rows a card takes as they are: nearly all. Their text is checked and passed on; no tree of values is made.
#pragma once
#include <filesystem>
#include <optional>
#include <string_view>
#include <sextant/file_dataset.hpp>
#include "rows.hpp"

namespace sextant::tables {

/// The split's records, as read_files() and json::write() give them. Nothing where they take more than that: another format, keys of
/// the configuration that change or check rows, a line that is not plain JSON. Whoever reads them then says what is wrong, too.
std::optional<Records> plain_lines(const std::filesystem::path& folder, const json::Value& config, std::string_view split,
                                   const Reading& reading);

}  // namespace sextant::tables
