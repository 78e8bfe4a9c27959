// How the int8 product's numbers lie in memory, the same for every instruction set.
#pragma once
#include <cstdint>
#include "half.hpp"
#include "matmul.hpp"

namespace sextant::cpu {

inline constexpr size_t group_bytes = 4 * panel_columns;  // four inputs (q4: and the four 16 further on) of every column
inline constexpr size_t q8_block_bytes = 8 * group_bytes + 2 * panel_columns;
inline constexpr size_t q4_block_bytes = 4 * group_bytes + 4 * panel_columns;

/// Views of an encoded row of k numbers.
struct EncodedRow {
  const int8_t* numbers = nullptr;  // [k rounded up to 32], magnitudes up to 127
  const float* scales = nullptr;    // [blocks of 32]
  const int32_t* sums = nullptr;    // [blocks of 32] of the block's int8 numbers

  EncodedRow() = default;
  EncodedRow(const void* row, uint32_t k)
      : numbers(static_cast<const int8_t*>(row)),
        scales(reinterpret_cast<const float*>(numbers + padded_depth(k))),
        sums(reinterpret_cast<const int32_t*>(scales + padded_depth(k) / depth_step)) {}
};

size_t int8_row_bytes(uint32_t k);

}  // namespace sextant::cpu
