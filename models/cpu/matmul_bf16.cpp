// The bf16 product on vectors. Compiled once for each instruction set: KERNEL_TABLE names the function that returns the table,
// KERNEL_NAME the set.
#include "matmul_tables.hpp"
#include "pairs.inc.hpp"

namespace sextant::cpu {
namespace {

constexpr size_t tile_numbers = depth_step * tile_columns, step_numbers = depth_step * panel_columns;

template <uint32_t R>
[[gnu::noinline]] void multiply_rows(const Encoded* a, size_t a_stride, const uint16_t* w, uint32_t steps, float* c,
                                     size_t c_stride, bool add) {
  for (uint32_t first = 0; first < panel_columns; first += columns * width) {
    Vector acc[R][columns];
    const Encoded* rows[R];
    const uint16_t* b[columns];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      rows[r] = a + r * a_stride;
      SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) acc[r][j] =
          add ? load(c + r * c_stride + first + j * width) : splat(0.f);
    }
    SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) {
      const uint32_t column = first + j * width;
      b[j] = w + column / tile_columns * tile_numbers + column % tile_columns * 2;
    }
    for (uint32_t s = 0; s < steps; ++s) {
      accumulate_pairs<R, columns>(acc, rows, b, 2 * tile_columns, depth_step / 2);
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) rows[r] += depth_step;
      SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) b[j] += step_numbers;
    }
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j)
        store(c + r * c_stride + first + j * width, acc[r][j]);
  }
}

void multiply(const void* encoded, size_t stride_bytes, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const Encoded*>(encoded);
  const auto* panel_at = static_cast<const uint16_t*>(w.data);
  const size_t a_stride = stride_bytes / sizeof(Encoded);
  const uint32_t steps = padded_depth(w.k) / depth_step;
  for (uint32_t p = 0; p < w.count; ++p, panel_at += steps * step_numbers, c += panel_columns) {
    in_groups<group_rows_max>(rows, [&](auto n, uint32_t r) {
      multiply_rows<n()>(a + r * a_stride, a_stride, panel_at, steps, c + r * c_stride, c_stride, add);
    });
  }
}

size_t row_bytes(uint32_t k) { return (size_t{padded_depth(k)} * sizeof(Encoded) + 63) / 64 * 64; }

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  encode_pairs(x, n, first + n == k ? padded_depth(k) - first : n, static_cast<Encoded*>(row) + first);
}

}  // namespace

const MatMul& KERNEL_TABLE() {
  static constexpr MatMul table{KERNEL_NAME, Compute::bf16, 6, 96, row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
