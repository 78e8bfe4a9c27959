// The sha256 of a weights file, computed once per (path, size, mtime) and remembered between runs.
#pragma once
#include <string>
#include "mapped_file.hpp"

namespace sextant::engine {

/// Hex. Remembered in $XDG_CACHE_HOME/sextant/weights.json (or ~/.cache/...); a cache that is missing, broken or cannot be
/// written costs time only. [any] thread.
Result<std::string> weights_sha256(const MappedFile& file);

}  // namespace sextant::engine
