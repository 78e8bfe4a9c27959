// The product of rows and weights in two slices of int8, on vectors and on AMX. Compiled once for each instruction set:
// KERNEL_TABLE names the function that returns the table, KERNEL_NAME the set.
//
// Of a block of 32 products high * high, high * low and low * high are summed exactly in one int32, the first times 128. Scaling
// has an order: the blocks of a row follow one another, each added with one rounding.
#include "bytes.inc.hpp"
#include "encode_int8.inc.hpp"
#include "matmul_tables.hpp"
#if defined(__AMX_INT8__)
#include "tiles.inc.hpp"
#endif

namespace sextant::cpu {
namespace {

constexpr size_t low_at = 8 * group_bytes, scale_at = 16 * group_bytes;  // in a block of a panel
constexpr size_t bytes_ahead = 4 * slices_block_bytes;  // are fetched: with few rows the weights come from afar
constexpr uint32_t vector_rows = byte_lanes == 64 ? 6 : 4, vector_columns = byte_lanes == 64 ? 2 : 1;

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  const SlicedRow to(row, k);
  auto *high = const_cast<int8_t*>(to.high), *low = const_cast<int8_t*>(to.low);
  auto* scales = const_cast<float*>(to.scales);
  auto *sums_high = const_cast<int32_t*>(to.sums_high), *sums_both = const_cast<int32_t*>(to.sums_both);
  for_each_block(x, first, n, [&](uint32_t b, const float* block) {
    const Steps steps(largest_bits(block, depth_step), slice_steps);
    scales[b] = slice_unit * steps.scale;
    slice_numbers(block, depth_step, steps, high + b * depth_step, low + b * depth_step, sums_high[b], sums_both[b]);
  });
}

// R rows, C vectors of columns from `column` on
template <uint32_t R, uint32_t C>
[[gnu::noinline]] void multiply_columns(const char* a, size_t a_stride, const uint8_t* w, uint32_t k, uint32_t column, float* c,
                                        size_t c_stride, bool add) {
  SlicedRow rows[R];
  Vector acc[R][C];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
    rows[r] = SlicedRow(a + r * a_stride, k);
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = add ? load(c + r * c_stride + column + j * width) : splat(0.f);
  }
  for (uint32_t b = 0; b < padded_depth(k) / depth_step; ++b, w += slices_block_bytes) {
    Bytes sum[R][C];
    const int8_t *high[R], *low[R];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      high[r] = rows[r].high + b * depth_step, low[r] = rows[r].low + b * depth_step;
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = splat_int(-signed_offset * rows[r].sums_high[b]);
    }
    accumulate_bytes<false, bytes_ahead>(sum, high, w + column * 4, group_bytes, 8);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j)
        sum[r][j] = shift_slice(sum[r][j], splat_int(-signed_offset * rows[r].sums_both[b]));
    accumulate_bytes<false>(sum, low, w + column * 4, group_bytes, 8);
    accumulate_bytes<false, bytes_ahead>(sum, high, w + low_at + column * 4, group_bytes, 8);
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) {
      const Vector scale = load(reinterpret_cast<const float*>(w + scale_at) + column + j * width);
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) acc[r][j] =
          fma(to_float(sum[r][j]) * splat(rows[r].scales[b]), scale, acc[r][j]);
    }
  }
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j)
      store(c + r * c_stride + column + j * width, acc[r][j]);
}

#if defined(__AMX_INT8__)
// AMX sums the integers of 16 rows and 32 columns at once; vectors scale them in the same order as above.
constexpr uint32_t tile_rows = 16, group_rows = tile_rows, chunk_blocks = 4;

// Tiles 0 to 3: sums [16][16], of high * high and of the others, of two groups of 16 columns; 4 and 5: rows [16][32 bytes], high
// and low; 6 and 7: weights [8][16][4].
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, depth_step, depth_step, 64, 64};
  uint8_t rows[16] = {tile_rows, tile_rows, tile_rows, tile_rows, tile_rows, tile_rows, depth_step / 4, depth_step / 4};
};

struct alignas(64) TileSums {
  int32_t high[tile_rows][width], others[tile_rows][width];
};

// 16 rows, 16 columns: the blocks of a chunk, scaled
void scale_tiles(const TileSums (*sums)[2], uint32_t half, const float (*row_scales)[tile_rows], const uint8_t* w,
                 uint32_t column, uint32_t blocks, float* c, size_t c_stride, bool add) {
  Vector acc[tile_rows];
  SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) acc[r] = add ? load(c + r * c_stride) : splat(0.f);
  for (uint32_t b = 0; b < blocks; ++b) {
    const TileSums& tile = sums[b][half];
    const Vector scale = load(reinterpret_cast<const float*>(w + b * slices_block_bytes + scale_at) + column);
    SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) {
      const Bytes all = shift_slice(_mm512_load_si512(tile.high[r]), _mm512_load_si512(tile.others[r]));
      acc[r] = fma(to_float(all) * splat(row_scales[b][r]), scale, acc[r]);
    }
  }
  SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) store(c + r * c_stride, acc[r]);
}

// 32 columns of one slice
SXT_INLINE void fetch_tile(const uint8_t* at) {
  SXT_UNROLL for (uint32_t g = 0; g < 8; ++g, at += group_bytes) __builtin_prefetch(at), __builtin_prefetch(at + 64);
}

// 16 rows, 32 columns, the blocks of a chunk
[[gnu::noinline]] void multiply_tile(const char* a, size_t a_stride, uint32_t depth, const uint8_t* w, uint32_t column,
                                     uint32_t blocks, const float (*row_scales)[tile_rows], float* c, size_t c_stride,
                                     bool add, bool fetch) {
  // all integers first: a vector that is loaded right after its tile was stored waits for the store
  TileSums sums[chunk_blocks][2];
  for (uint32_t b = 0; b < blocks; ++b) {
    const uint8_t* at = w + b * slices_block_bytes + column * 4;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (fetch) fetch_tile(at + bytes_ahead), fetch_tile(at + bytes_ahead + low_at);
    _tile_loadd(4, a + b * depth_step, a_stride);
    _tile_loadd(5, a + depth + b * depth_step, a_stride);
    _tile_loadd(6, at, group_bytes);
    _tile_loadd(7, at + 64, group_bytes);
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(2, 4, 7);
    _tile_dpbssd(1, 5, 6);
    _tile_dpbssd(3, 5, 7);
    _tile_loadd(6, at + low_at, group_bytes);
    _tile_loadd(7, at + low_at + 64, group_bytes);
    _tile_dpbssd(1, 4, 6);
    _tile_dpbssd(3, 4, 7);
    _tile_stored(0, sums[b][0].high, sizeof sums[b][0].high[0]);
    _tile_stored(2, sums[b][1].high, sizeof sums[b][1].high[0]);
    _tile_stored(1, sums[b][0].others, sizeof sums[b][0].others[0]);
    _tile_stored(3, sums[b][1].others, sizeof sums[b][1].others[0]);
  }
  for (uint32_t half = 0; half < 2; ++half)
    scale_tiles(sums, half, row_scales, w, column + half * width, blocks, c + half * width, c_stride, add);
}

// The first whole tiles of rows; returns how many rows those are.
uint32_t multiply_tiles(const char* a, size_t a_stride, uint32_t rows, const uint8_t* w, uint32_t k, float* c, size_t c_stride,
                        bool add) {
  const uint32_t whole = rows / tile_rows * tile_rows, depth = padded_depth(k), blocks = depth / depth_step;
  if (whole == 0) return 0;
  const TileShapes shapes;
  load_shapes(shapes);
  for (uint32_t first = 0; first < blocks; first += chunk_blocks, w += chunk_blocks * slices_block_bytes) {
    const uint32_t n = blocks - first < chunk_blocks ? blocks - first : chunk_blocks;
    for (uint32_t r = 0; r < whole; r += tile_rows) {
      alignas(64) float row_scales[chunk_blocks][tile_rows];
      for (uint32_t i = 0; i < tile_rows; ++i) {
        const SlicedRow row(a + (r + i) * a_stride, k);
        for (uint32_t b = 0; b < n; ++b) row_scales[b][i] = row.scales[first + b];
      }
      for (uint32_t column = 0; column < panel_columns; column += 2 * width)
        multiply_tile(a + r * a_stride + first * depth_step, a_stride, depth, w, column, n, row_scales,
                      c + r * c_stride + column, c_stride, add || first > 0, r == 0);  // the first rows read from afar
    }
  }
  _tile_release();
  return whole;
}
#else
constexpr uint32_t group_rows = vector_rows;

uint32_t multiply_tiles(const char*, size_t, uint32_t, const uint8_t*, uint32_t, float*, size_t, bool) { return 0; }
#endif

void multiply(const void* encoded, size_t a_stride, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const char*>(encoded);
  const auto* at = static_cast<const uint8_t*>(w.data);
  const size_t step = size_t{padded_depth(w.k) / depth_step} * slices_block_bytes;
  for (uint32_t p = 0; p < w.count; ++p, at += step, c += panel_columns) {
    const uint32_t done = multiply_tiles(a, a_stride, rows, at, w.k, c, c_stride, add);
    in_groups<vector_rows>(rows - done, [&](auto n, uint32_t first) {
      constexpr uint32_t vectors = n() == 1 ? 2 * vector_columns : vector_columns;  // one row: the panel is read as it lies
      const size_t r = done + first;
      for (uint32_t column = 0; column < panel_columns; column += vectors * width)
        multiply_columns<n(), vectors>(a + r * a_stride, a_stride, at, w.k, column, c + r * c_stride, c_stride, add);
    });
  }
}

}  // namespace

const MatMul& KERNEL_TABLE() {
  static constexpr MatMul table{KERNEL_NAME, Compute::exact, PanelFormat::slices, group_rows, 96, sliced_row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
