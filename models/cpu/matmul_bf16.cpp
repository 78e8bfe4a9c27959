// The bf16 product on vectors. Compiled once for each instruction set: KERNEL_TABLE names the function that returns the table,
// KERNEL_NAME the set.
#include "matmul_tables.hpp"
#include "pairs.inc.hpp"

namespace sextant::cpu {
namespace {

// AVX-512 takes all columns of a panel at once, in one stream. The others take 16 and come back for the next: of tiles the
// processor has then fetched most of the rest by itself.
constexpr bool whole = columns * width == panel_columns;
constexpr PanelFormat weights_format = whole ? PanelFormat::bf16 : PanelFormat::bf16_tiles;
constexpr size_t pair_step = 2 * (whole ? panel_columns : strip_columns);  // numbers from a pair of inputs to the next
constexpr size_t block_step = size_t{depth_step} * panel_columns;          // from 32 inputs to the next
constexpr size_t column_at(size_t column) {
  return whole ? 2 * column : column / strip_columns * strip_columns * depth_step + column % strip_columns * 2;
}
constexpr size_t numbers_ahead = 4096;  // of the weights are fetched: with few rows they come from afar

// R rows, C vectors of columns at a time
template <uint32_t R, uint32_t C>
[[gnu::noinline]] void multiply_rows(const Encoded* a, size_t a_stride, const uint16_t* w, uint32_t steps, float* c,
                                     size_t c_stride, bool add) {
  for (uint32_t first = 0; first < panel_columns; first += C * width) {
    Vector acc[R][C];
    const Encoded* rows[R];
    const uint16_t* b[C];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      rows[r] = a + r * a_stride;
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = add ? load(c + r * c_stride + first + j * width) : splat(0.f);
    }
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) b[j] = w + column_at(first + j * width);
    for (uint32_t s = 0; s < steps; ++s) {
      accumulate_pairs<R, C, numbers_ahead>(acc, rows, b, pair_step, depth_step / 2);
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) rows[r] += depth_step;
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) b[j] += block_step;
    }
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j)
        store(c + r * c_stride + first + j * width, acc[r][j]);
  }
}

void multiply(const void* encoded, size_t stride_bytes, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const Encoded*>(encoded);
  const auto* panel_at = static_cast<const uint16_t*>(w.data);
  const size_t a_stride = stride_bytes / sizeof(Encoded);
  const uint32_t steps = padded_depth(w.k) / depth_step;
  for (uint32_t p = 0; p < w.count; ++p, panel_at += steps * block_step, c += panel_columns) {
    in_groups<group_rows_max>(rows, [&](auto n, uint32_t r) {
      constexpr uint32_t vectors = n() <= 2 ? 4 : columns;  // chains enough that none waits for its last sum
      multiply_rows<n(), vectors>(a + r * a_stride, a_stride, panel_at, steps, c + r * c_stride, c_stride, add);
    });
  }
}

size_t row_bytes(uint32_t k) { return (size_t{padded_depth(k)} * sizeof(Encoded) + 63) / 64 * 64; }

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  encode_pairs(x, n, first + n == k ? padded_depth(k) - first : n, static_cast<Encoded*>(row) + first);
}

}  // namespace

const MatMul& KERNEL_TABLE() {
  static constexpr MatMul table{KERNEL_NAME, Compute::bf16, weights_format, 6, 96, row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
