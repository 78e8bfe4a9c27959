// How the numbers of int8 products lie in memory, the same for every instruction set.
//
// Two slices: a number is 128 * high + low steps of its block's scale, |high| <= 127 and -64 <= low < 64. Of a product of two
// such, low * low is left out.
#pragma once
#include <cstdint>
#include "half.hpp"
#include "matmul.hpp"

namespace sextant::cpu {

inline constexpr size_t group_bytes = 4 * panel_columns;  // four inputs (q4: and the four 16 further on) of every column
inline constexpr size_t q8_block_bytes = 8 * group_bytes + 2 * panel_columns;
inline constexpr size_t q4_block_bytes = 4 * group_bytes + 4 * panel_columns;
inline constexpr size_t slices_block_bytes = 16 * group_bytes + 4 * panel_columns;
inline constexpr float slice_steps = 127 * 128;  // the largest magnitude of a block, in two slices
inline constexpr float slice_unit = 128;         // sums of products of two slices are in units of 128 products of steps
inline constexpr uint32_t least_exponent = 27;   // a block whose largest magnitude is below 2^(27 - 127) counts as zeros

/// Views of an encoded row of k numbers.
struct EncodedRow {
  const int8_t* numbers = nullptr;   // [k rounded up to 32], magnitudes up to 127
  const float* scales = nullptr;     // [blocks of 32]
  const float* sums = nullptr;       // [blocks of 32] of the block's numbers: scale * the integers' sum
  const int32_t* offsets = nullptr;  // [blocks of 32] what takes off again that weights are stored with 128 added

  EncodedRow() = default;
  EncodedRow(const void* row, uint32_t k)
      : numbers(static_cast<const int8_t*>(row)),
        scales(reinterpret_cast<const float*>(numbers + padded_depth(k))),
        sums(scales + padded_depth(k) / depth_step),
        offsets(reinterpret_cast<const int32_t*>(sums + padded_depth(k) / depth_step)) {}
};

size_t int8_row_bytes(uint32_t k);

/// Views of an encoded row of k numbers in two slices.
struct SlicedRow {
  const int8_t *high = nullptr, *low = nullptr;                  // [k rounded up to 32]
  const float* scales = nullptr;                                 // [blocks of 32] of a sum of products: slice_unit times that of the numbers
  const int32_t *sums_high = nullptr, *sums_both = nullptr;      // [blocks of 32] of high; of high and low

  SlicedRow() = default;
  SlicedRow(const void* row, uint32_t k) {
    const uint32_t depth = padded_depth(k), blocks = depth / depth_step;
    high = static_cast<const int8_t*>(row), low = high + depth;
    scales = reinterpret_cast<const float*>(low + depth);
    sums_high = reinterpret_cast<const int32_t*>(scales + blocks), sums_both = sums_high + blocks;
  }
};

size_t sliced_row_bytes(uint32_t k);

}  // namespace sextant::cpu
