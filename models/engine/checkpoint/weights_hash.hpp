// The sha256 of a model's files, computed once for each path and remembered as long as its size, times, inode and a sample of
// its bytes are the same.
#pragma once
#include <string>
#include <vector>
#include "mapped_file.hpp"

namespace sextant::engine {

/// Hex. Of one file: its sha256. Of several: that of what `sha256sum` prints for them, one line a file, sorted by name.
/// Remembered in $XDG_CACHE_HOME/sextant/weights.json (or ~/.cache/...); a cache that is missing, broken or cannot be
/// written costs time only. [any] thread.
Result<std::string> weights_sha256(std::vector<const MappedFile*> files);

}  // namespace sextant::engine
