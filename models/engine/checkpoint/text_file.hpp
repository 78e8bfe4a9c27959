// The small text files of a model's folder, read whole and within a limit. [any] thread.
#pragma once
#include <string>
#include <sextant/json.hpp>

namespace sextant::engine {

/// Refuses what is not a regular file, empty, or larger than `max_bytes`.
Result<std::string> read_text_file(const std::string& path, size_t max_bytes);

/// The same, as JSON that Python may have written: NaN and Infinity, which are not numbers here, are read as texts. An error of
/// kind `data`, with line and column.
Result<json::Document> read_json_file(const std::string& path, size_t max_bytes);

}  // namespace sextant::engine
