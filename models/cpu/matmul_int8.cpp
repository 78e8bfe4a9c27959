// The int8 product on vectors. Compiled once for each instruction set: KERNEL_TABLE names the function that returns the table,
// KERNEL_NAME the set.
//
// A block of 32 products is summed exactly in integers, so only its scaling has an order: the blocks of a row follow one
// another. All instruction sets that fuse a multiplication with an addition give the same bits.
#include "bytes.inc.hpp"
#include "encode_int8.inc.hpp"
#include "matmul_tables.hpp"
#if defined(__AMX_INT8__)
#include "tiles.inc.hpp"
#endif

namespace sextant::cpu {
namespace {

constexpr size_t blocks_ahead = 4;  // are fetched: with few rows the weights come from afar, and panels lie one after the other

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  const EncodedRow to(row, k);
  auto* numbers = const_cast<int8_t*>(to.numbers);
  auto* scales = const_cast<float*>(to.scales);
  auto* sums = const_cast<float*>(to.sums);
  auto* offsets = const_cast<int32_t*>(to.offsets);
  for_each_block(x, first, n, [&](uint32_t b, const float* block) {
    int32_t sum;
    scales[b] = encode_block(block, numbers + b * depth_step, sum);
    sums[b] = scales[b] * static_cast<float>(sum);
    offsets[b] = -128 * sum;
  });
}

// R rows, C vectors of columns from `column` on
template <uint32_t R, uint32_t C, bool Nibbles>
SXT_INLINE void multiply_columns(const EncodedRow (&a)[R], const uint8_t* w, uint32_t blocks, uint32_t column, float* c,
                                 size_t c_stride, bool add) {
  constexpr size_t block_bytes = Nibbles ? q4_block_bytes : q8_block_bytes;
  constexpr size_t scale_at = Nibbles ? 4 * group_bytes : 8 * group_bytes, minimum_at = scale_at + 2 * panel_columns;
  Vector acc[R][C];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] =
      add ? load(c + r * c_stride + column + j * width) : splat(0.f);
  for (uint32_t b = 0; b < blocks; ++b, w += block_bytes) {
    Bytes sum[R][C];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      const Bytes start = splat_int(Nibbles ? 0 : a[r].offsets[b]);
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = start;
    }
    const uint8_t* at = w + column * 4;
    SXT_UNROLL for (uint32_t g = 0; g < (Nibbles ? 4 : 8); ++g, at += group_bytes) {
      Bytes v[C];
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) {
        if (j * byte_lanes % 64 == 0) __builtin_prefetch(at + blocks_ahead * block_bytes + j * byte_lanes);  // a line once
        v[j] = load_bytes(at + j * byte_lanes);
      }
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
        const int8_t* x = a[r].numbers + b * depth_step + g * 4;
        if constexpr (Nibbles) {
          const Bytes first = splat_four(x), second = splat_four(x + 16);
          SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] =
              dot_four_nibbles(dot_four_nibbles(sum[r][j], low_nibbles(v[j]), first), high_nibbles(v[j]), second);
        } else {
          const Bytes x4 = splat_four(x);
          SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = dot_four(sum[r][j], v[j], x4);
        }
      }
    }
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) {
      const Vector scale = load_f16(w + scale_at + (column + j * width) * 2);
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) acc[r][j] =
          fma(to_float(sum[r][j]) * splat(a[r].scales[b]), scale, acc[r][j]);
      if constexpr (Nibbles) {
        const Vector minimum = load_f16(w + minimum_at + (column + j * width) * 2);
        SXT_UNROLL for (uint32_t r = 0; r < R; ++r) acc[r][j] =
            fma(splat(a[r].sums[b]), minimum, acc[r][j]);
      }
    }
  }
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j)
      store(c + r * c_stride + column + j * width, acc[r][j]);
}

template <uint32_t R, uint32_t C, bool Nibbles>
[[gnu::noinline]] void multiply_rows(const char* a, size_t a_stride, const uint8_t* w, uint32_t k, float* c, size_t c_stride,
                                     bool add) {
  EncodedRow rows[R];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) rows[r] = EncodedRow(a + r * a_stride, k);
  for (uint32_t column = 0; column < panel_columns; column += C * width)
    multiply_columns<R, C, Nibbles>(rows, w, padded_depth(k) / depth_step, column, c, c_stride, add);
}

#if defined(__AMX_INT8__)
// AMX sums the integers of 16 rows and 16 columns at once; vectors scale them in the same order as above.
constexpr uint32_t tile_rows = 16, group_rows = tile_rows, chunk_blocks = 8;

struct alignas(64) TileShapes {  // tile 0: sums [16][16], 4: rows of a [16][32 bytes], 6: weights [8][16][4]
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 0, 0, 0, depth_step, 0, 64};
  uint8_t rows[16] = {tile_rows, 0, 0, 0, tile_rows, 0, depth_step / 4};
};

// 16 rows and columns, `blocks` blocks of 32 inputs from the first that `row` views on: weights as bytes, scales (and minima) of the columns
template <bool Nibbles>
[[gnu::noinline]] void multiply_tile(const EncodedRow& row, size_t a_stride, const uint8_t* bytes, size_t bytes_step,
                                     const uint8_t* scales, size_t scales_step, uint32_t blocks, float* c, size_t c_stride,
                                     bool add, size_t fetch) {
  const auto of_row = [&](const auto* of_first, uint32_t r, uint32_t b) {  // of the r-th row after it
    return *reinterpret_cast<decltype(of_first)>(reinterpret_cast<const char*>(of_first + b) + r * a_stride);
  };
  Vector acc[tile_rows];
  SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) acc[r] = add ? load(c + r * c_stride) : splat(0.f);
  // all integers first: a vector that is loaded right after its tile was stored waits for the store
  alignas(64) int32_t sums[chunk_blocks][tile_rows][width];
  for (uint32_t b = 0; b < blocks; ++b, bytes += bytes_step) {
    _tile_zero(0);
    if (fetch > 0)
      SXT_UNROLL for (uint32_t g = 0; g < 8; ++g) __builtin_prefetch(bytes + fetch + g * group_bytes);
    _tile_loadd(4, row.numbers + b * depth_step, a_stride);
    _tile_loadd(6, bytes, group_bytes);
    _tile_dpbsud(0, 4, 6);
    _tile_stored(0, sums[b], sizeof sums[b][0]);
  }
  for (uint32_t b = 0; b < blocks; ++b, scales += scales_step) {
    const int32_t(&sum)[tile_rows][width] = sums[b];
    const Vector scale = load_f16(scales);
    SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) {
      Bytes total = _mm512_load_si512(sum[r]);
      if constexpr (!Nibbles) total = _mm512_add_epi32(total, splat_int(of_row(row.offsets, r, b)));
      acc[r] = fma(to_float(total) * splat(of_row(row.scales, r, b)), scale, acc[r]);
    }
    if constexpr (Nibbles) {
      const Vector minimum = load_f16(scales + 2 * panel_columns);
      SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) acc[r] = fma(splat(of_row(row.sums, r, b)), minimum, acc[r]);
    }
  }
  SXT_UNROLL for (uint32_t r = 0; r < tile_rows; ++r) store(c + r * c_stride, acc[r]);
}

// The first whole tiles of rows; returns how many rows those are.
template <bool Nibbles>
uint32_t multiply_tiles(const char* a, size_t a_stride, uint32_t rows, const uint8_t* w, uint32_t k, float* c, size_t c_stride,
                        bool add) {
  constexpr size_t block_bytes = Nibbles ? q4_block_bytes : q8_block_bytes,
                   weight_bytes = Nibbles ? 4 * group_bytes : 8 * group_bytes;
  const uint32_t whole = rows / tile_rows * tile_rows, blocks = padded_depth(k) / depth_step;
  if (whole == 0) return 0;
  const TileShapes shapes;
  load_shapes(shapes);
  alignas(64) uint8_t unpacked[chunk_blocks][8 * group_bytes];
  for (uint32_t first = 0; first < blocks; first += chunk_blocks, w += chunk_blocks * block_bytes) {
    const uint32_t n = blocks - first < chunk_blocks ? blocks - first : chunk_blocks;
    if constexpr (Nibbles)
      for (uint32_t b = 0; b < n; ++b)
        for (uint32_t i = 0; i < 4 * group_bytes; i += byte_lanes) {
          __builtin_prefetch(w + (b + blocks_ahead) * block_bytes + i);
          const Bytes v = load_bytes(w + b * block_bytes + i);
          _mm512_store_si512(unpacked[b] + i, low_nibbles(v));
          _mm512_store_si512(unpacked[b] + 4 * group_bytes + i, high_nibbles(v));
        }
    for (uint32_t r = 0; r < whole; r += tile_rows) {
      EncodedRow row(a + r * a_stride, k);
      row.numbers += first * depth_step, row.scales += first, row.sums += first, row.offsets += first;
      for (uint32_t column = 0; column < panel_columns; column += width)
        multiply_tile<Nibbles>(row, a_stride, (Nibbles ? unpacked[0] : w) + column * 4,
                               Nibbles ? sizeof unpacked[0] : block_bytes, w + weight_bytes + column * 2, block_bytes, n,
                               c + r * c_stride + column, c_stride, add || first > 0,
                               !Nibbles && r == 0 ? blocks_ahead * block_bytes : 0);
    }
  }
  _tile_release();
  return whole;
}
#else
constexpr uint32_t group_rows = 4;

template <bool Nibbles> uint32_t multiply_tiles(const char*, size_t, uint32_t, const uint8_t*, uint32_t, float*, size_t, bool) {
  return 0;
}
#endif

template <bool Nibbles>
void multiply_panel(const char* a, size_t a_stride, uint32_t rows, const uint8_t* w, uint32_t k, float* c, size_t c_stride,
                    bool add) {
  constexpr uint32_t alone = byte_lanes == 64 ? 4 : 2;  // vectors of columns for one row: the panel is read as it lies
  const uint32_t done = multiply_tiles<Nibbles>(a, a_stride, rows, w, k, c, c_stride, add);
  in_groups<4>(rows - done, [&](auto n, uint32_t first) {
    constexpr uint32_t vectors = n() == 1 ? alone : byte_lanes == 64 ? 2 : 1;
    const size_t r = done + first;
    multiply_rows<n(), vectors, Nibbles>(a + r * a_stride, a_stride, w, k, c + r * c_stride, c_stride, add);
  });
}

void multiply(const void* encoded, size_t a_stride, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const char*>(encoded);
  const auto* at = static_cast<const uint8_t*>(w.data);
  const bool nibbles = w.format == PanelFormat::q4;
  const size_t step = size_t{padded_depth(w.k) / depth_step} * (nibbles ? q4_block_bytes : q8_block_bytes);
  for (uint32_t p = 0; p < w.count; ++p, at += step, c += panel_columns)
    if (nibbles) multiply_panel<true>(a, a_stride, rows, at, w.k, c, c_stride, add);
    else multiply_panel<false>(a, a_stride, rows, at, w.k, c, c_stride, add);
}

}  // namespace

const MatMul& KERNEL_TABLE() {
  static constexpr MatMul table{KERNEL_NAME, Compute::int8, PanelFormat::q8, group_rows, 96, int8_row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
