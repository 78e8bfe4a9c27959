// How much memory a model takes on a CPU, laid out before anything is loaded.
#pragma once
#include <cstddef>
#include <cstdint>
#include "../engine/architecture/tensors.hpp"
#include "kernels.hpp"

namespace sextant::cpu {

inline constexpr uint32_t rows_per_batch = 1024;  // more bring no speed: the weights are read once per tile, not per batch
inline constexpr uint32_t chunk_panels = 8;       // of the vocabulary: 512 ids at a time
inline constexpr uint32_t chunk = chunk_panels * 64;
inline constexpr uint32_t route_tile = 16;  // rows whose experts are chosen at once

/// What else can be wanted of a chunk: the highest logit but the best's; what logit - max is over the softmax of its ids, and
/// squared.
struct ChunkDetail {
  float second = 0;
  double mean = 0, square = 0;
};

/// What computes, and in which numbers.
struct Numerics {
  const Kernels& kernels;
  const MatMul& matmul;
  const AttentionFormat& attention;
};

struct DevicePlan {  // memory in bytes, fixed at load
  uint32_t rows_max = 0, context = 0, pages = 0;
  size_t weights = 0, buffers = 0, page = 0;  // page: one page of keys and values
  size_t file = 0;  // what is read out of the mapped checkpoint: the embedding. The system can take it back
  size_t total() const { return weights + buffers + page * pages; }
};

uint32_t chunk_count(const engine::Architecture& architecture);
/// Numbers that one thread needs at once.
size_t scratch_floats(const engine::Architecture& architecture, const Numerics& numerics);
/// Cosines and sines of a row, for all ropes.
uint32_t rope_floats(const engine::Architecture& architecture);
/// Bytes of a page's keys and values in one layer.
size_t page_bytes(const engine::Architecture& architecture, const AttentionFormat& attention);

/// Weights and buffers first, then as many pages as fit into `memory` bytes and could be of use to `batch_size` sequences of
/// `context` tokens. An error, with the numbers, where not even one sequence fits.
Result<DevicePlan> plan_memory(const engine::ModelTensors& tensors, const engine::Architecture& architecture,
                               const Numerics& numerics, uint32_t threads, uint32_t batch_size, uint32_t context,
                               size_t memory);

}  // namespace sextant::cpu
