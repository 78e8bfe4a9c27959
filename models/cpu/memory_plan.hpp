// How much memory a model takes on a CPU, laid out before anything is loaded.
#pragma once
#include <cstddef>
#include <cstdint>
#include "../engine/architecture/architecture.hpp"

namespace sextant::cpu {

inline constexpr uint32_t rows_per_batch = 1024;  // more bring no speed: the weights are read once per tile, not per batch
inline constexpr uint32_t tile_max = 96;          // rows; a tile's part of a layer stays in 1 MiB of second-level cache
inline constexpr uint32_t chunk_panels = 8;       // of the vocabulary: 512 ids at a time
inline constexpr uint32_t chunk = chunk_panels * 64;
inline constexpr uint32_t route_tile = 16;        // rows whose experts are chosen at once

struct DevicePlan {  // memory in bytes, fixed at load
  uint32_t rows_max = 0, context = 0, pages = 0;
  size_t weights = 0, buffers = 0, page = 0;  // page: one page of keys and values
  size_t total() const { return weights + buffers + page * pages; }
};

uint32_t chunk_count(const engine::Architecture& architecture);
/// Numbers that one thread needs at once.
size_t scratch_floats(const engine::Architecture& architecture);
/// Cosines and sines of a row, for all ropes.
uint32_t rope_floats(const engine::Architecture& architecture);
/// Keys and values of a page in one layer.
size_t page_floats(const engine::Architecture& architecture);

/// Weights and buffers first, then as many pages as fit into `memory` bytes and could be of use to `batch_size` sequences of
/// `context` tokens. An error, with the numbers, where not even one sequence fits.
Result<DevicePlan> plan_memory(const engine::Architecture& architecture, uint32_t threads, uint32_t batch_size,
                               uint32_t context, size_t memory);

}  // namespace sextant::cpu
