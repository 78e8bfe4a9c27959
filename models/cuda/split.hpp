// Several GPUs that hold one model together: which rows of which matrix each of them has. Plain data in, plain data out.
//
// Every matrix is split by its outputs, never by its inputs: an output element stays one whole sum, with the bits that one GPU
// gives it (docs/adr/0016). So each GPU, a rank, has some of the heads with their keys and values, some columns of what leaves
// the attention and of each half of the feed-forward part, and some of the vocabulary. Norms, biases that are added after all
// columns are there, and a mixture's router are small, and everywhere.
#pragma once
#include <cstdint>
#include <string>
#include "../engine/architecture/tensors.hpp"

namespace sextant::cuda {

struct Part {
  uint32_t rank = 0, ranks = 1;
};

/// Something in units of which each rank gets a stretch, as even as can be; the last rank has no fewer than any other.
struct Shares {
  uint32_t width = 0, unit = 1, ranks = 1;  // the last unit ends with the width

  uint32_t units() const { return (width + unit - 1) / unit; }
  uint32_t first_unit(uint32_t rank) const { return static_cast<uint32_t>(uint64_t{units()} * rank / ranks); }
  uint32_t first(uint32_t rank) const { return rank == ranks ? width : first_unit(rank) * unit; }
  uint32_t count(uint32_t rank) const { return first(rank + 1) - first(rank); }
  uint32_t units_most() const { return (units() + ranks - 1) / ranks; }
  uint32_t most() const { return units_most() * unit; }
  uint32_t owner(uint32_t i) const {
    uint32_t rank = 0;
    while (first(rank + 1) <= i) ++rank;
    return rank;
  }
};
/// Columns of a matrix product's result: in units of 8, which 16-bit products want, where the width has them.
Shares columns(uint32_t width, uint32_t ranks);
/// The vocabulary goes to the ranks in whole chunks: a chunk's sum is computed on one GPU whatever the number of ranks.
inline Shares vocabulary(uint32_t vocab, uint32_t chunk, uint32_t ranks) { return {vocab, chunk, ranks}; }

/// Why `ranks` GPUs cannot hold this model together, with the numbers, as the end of a sentence about it; "" where they can.
std::string cannot_split(const engine::Architecture& architecture, uint32_t ranks, bool is_16_bit);

/// What one rank computes: heads, kv_heads and the widths of the feed-forward parts are its own, everything else is the
/// model's. Where there are fewer key-value heads than ranks, several have the same one.
engine::Architecture part_of(const engine::Architecture& architecture, Part part);

/// The rows that the rank holds. `chunk`: of the vocabulary. cannot_split must have had nothing to say.
engine::ModelTensors part_of(const engine::ModelTensors& tensors, const engine::Architecture& architecture, Part part,
                             uint32_t chunk);

/// Rows [from, from + count) of a matrix. Heads must not be cut, nor a run where it is left.
engine::Rows part_of(const engine::Rows& rows, uint64_t from, uint64_t count);

}  // namespace sextant::cuda
