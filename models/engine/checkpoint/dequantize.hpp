// GGML's block formats: their sizes, and the float32 numbers that their blocks and tensors stand for. Pure; [any] thread.
// Source of the formats: ggml (ggml-common.h, struct block_*) and its Python reader (gguf.quants), version 3 of GGUF.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include "checkpoint.hpp"

namespace sextant::engine {

struct BlockFormat {
  std::string_view name;    // as GGML spells it: "Q4_K"
  uint32_t elements;        // numbers per block
  uint32_t bytes;           // bytes per block
};

const BlockFormat& block_format(TensorType type);

/// The float32 value of an IEEE half; subnormals, infinities and NaN included.
float half_to_float(uint16_t half);

/// Writes `n` numbers, `n` a multiple of the format's elements: blocks [n / elements] -> out [n]. The results are bit for bit
/// those of gguf.quants.dequantize (float32 arithmetic in its order, no fused multiply-add). `blocks` needs no alignment.
void dequantize(TensorType type, const std::byte* blocks, float* out, size_t n);

/// Row `row` of a matrix as it is stored, or a vector (row 0): out [columns], with what an adapter adds.
void read_row(const Tensor& tensor, uint64_t row, float* out);

}  // namespace sextant::engine
