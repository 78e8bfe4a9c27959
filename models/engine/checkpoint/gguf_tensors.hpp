// The tensor table of a GGUF file: entries after the metadata, data after the entries. Private to gguf.cpp.
#pragma once
#include <span>
#include <vector>
#include "gguf_cursor.hpp"

namespace sextant::engine::gguf {

/// Reads `count` entries at the cursor and checks types, shapes, alignment, bounds and that no two tensors overlap.
Result<std::vector<Tensor>> read_tensors(Cursor& cursor, uint64_t count, const json::Value& metadata,
                                         std::span<const std::byte> file);

}  // namespace sextant::engine::gguf
