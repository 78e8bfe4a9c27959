// The bf16 product on AMX (AMX-BF16). A tile of results is one chain for each element: TDPBF16PS adds 32 products of
// a row to it, always in the same order, whatever other rows there are. Denormals are zero to it.
#include <immintrin.h>
#include <algorithm>
#include "matmul_tables.hpp"
#include "pairs.inc.hpp"
#include "tiles.inc.hpp"

namespace sextant::cpu {
namespace {

constexpr uint32_t tile_rows = 16;
// Of 32 inputs. So much of a panel (4 KiB a step) stays in the second cache while all rows pass; a panel is cut evenly, since a
// short last chunk would load and store the results for little.
constexpr uint32_t chunk_steps_max = 48;
constexpr uint32_t near_steps = 24;  // 32 rows of so many stay in the first cache
constexpr size_t pair_row_bytes = strip_columns * 2 * sizeof(uint16_t);  // bytes of one row of pairs of a tile
constexpr size_t tile_bytes = tile_rows * pair_row_bytes, step_bytes = panel_columns / strip_columns * tile_bytes;
constexpr uint32_t quarter_lines = step_bytes / 64 / 4;

// Tiles 0..3 hold results, 4 and 5 rows of a, 6 and 7 columns of w.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {};
  explicit TileShapes(uint32_t m) {
    const auto n = static_cast<uint8_t>(m);
    for (int i = 0; i < 6; ++i) rows[i] = n;
    rows[6] = rows[7] = tile_rows;
  }
};

// What comes next of the weights: lines that are fetched between the loads of tiles, a few at a time. More at once would take
// all places for lines on their way, and the loads would wait behind them.
struct Ahead {
  const char* at;
  uint32_t lines;  // a quarter of a step's

  [[gnu::always_inline]] void fetch() {
    uint32_t n = lines;
    asm volatile("" : "+r"(n));  // stays a loop: written out, it was a tenth slower
    for (uint32_t i = 0; i < n; ++i, at += 64) _mm_prefetch(at, _MM_HINT_T0);
  }
};

// The results of the block that follows, 32 rows of two lines: a store to a line that is far takes AMX long.
struct Results {
  float* at;
  size_t stride;  // bytes
  uint32_t rows = 2 * tile_rows;

  [[gnu::always_inline]] void fetch(uint32_t n) {
    for (; n > 0 && rows > 0; --n, --rows) {
      __builtin_prefetch(at, 1);
      __builtin_prefetch(at + strip_columns, 1);
      at += stride / sizeof(float);
    }
  }
};

// 32 rows, 32 columns. All loads of a step stand before its products: beside a busy second thread of its core the unit does
// nearly one thing after the other, and loads between products cost it a tenth more.
[[gnu::always_inline]] inline void block_32(const char* a, size_t a_stride, const char* w, uint32_t steps, float* c,
                                            size_t c_stride, bool add, Ahead ahead, float* next) {
  const size_t c_bytes = c_stride * sizeof(float);
  const uint32_t result_rows = (2 * tile_rows + steps - 1) / steps, fetched_rows = steps > near_steps ? tile_rows : 0;
  Results results{next, c_bytes};
  const char* below = a + tile_rows * a_stride;
  float* c_below = c + tile_rows * c_stride;
  if (add) {
    _tile_loadd(0, c, c_bytes);
    _tile_loadd(1, c + strip_columns, c_bytes);
    _tile_loadd(2, c_below, c_bytes);
    _tile_loadd(3, c_below + strip_columns, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (uint32_t s = 0; s < steps; ++s, a += 64, below += 64, w += step_bytes) {
    results.fetch(result_rows);
    for (uint32_t r = 0; r < fetched_rows; ++r) {  // of the next step
      _mm_prefetch(a + 64 + r * a_stride, _MM_HINT_T0);
      _mm_prefetch(below + 64 + r * a_stride, _MM_HINT_T0);
    }
    ahead.fetch();
    _tile_loadd(6, w, pair_row_bytes);
    _tile_loadd(7, w + tile_bytes, pair_row_bytes);
    ahead.fetch();
    _tile_loadd(4, a, a_stride);
    _tile_loadd(5, below, a_stride);
    ahead.fetch();
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    ahead.fetch();
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + strip_columns, c_bytes);
  _tile_stored(2, c_below, c_bytes);
  _tile_stored(3, c_below + strip_columns, c_bytes);
}

// Up to 16 rows, 64 columns. Here the weights come from afar, and a product need not wait for more of them than it takes.
void block_16(const char* a, size_t a_stride, const char* w, uint32_t steps, float* c, size_t c_stride, bool add, Ahead ahead) {
  const size_t c_bytes = c_stride * sizeof(float);
  if (add) {
    _tile_loadd(0, c, c_bytes);
    _tile_loadd(1, c + strip_columns, c_bytes);
    _tile_loadd(2, c + 2 * strip_columns, c_bytes);
    _tile_loadd(3, c + 3 * strip_columns, c_bytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (uint32_t s = 0; s < steps; ++s, a += 64, w += step_bytes) {
    ahead.fetch();
    _tile_loadd(4, a, a_stride);
    _tile_loadd(6, w, pair_row_bytes);
    ahead.fetch();
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, w + tile_bytes, pair_row_bytes);
    ahead.fetch();
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(6, w + 2 * tile_bytes, pair_row_bytes);
    ahead.fetch();
    _tile_dpbf16ps(2, 4, 6);
    _tile_loadd(7, w + 3 * tile_bytes, pair_row_bytes);
    _tile_dpbf16ps(3, 4, 7);
  }
  _tile_stored(0, c, c_bytes);
  _tile_stored(1, c + strip_columns, c_bytes);
  _tile_stored(2, c + 2 * strip_columns, c_bytes);
  _tile_stored(3, c + 3 * strip_columns, c_bytes);
}

// Whole blocks of 32 rows against one panel. While they pass a part of it, the next part is fetched; panels lie one after the
// other, so it may be the next panel's.
void multiply_blocks(const char* a, size_t a_stride, uint32_t rows, const char* panel, uint32_t steps, float* c,
                     size_t c_stride, bool add) {
  const uint32_t chunks = (steps + chunk_steps_max - 1) / chunk_steps_max, chunk_steps = (steps + chunks - 1) / chunks;
  const uint32_t tiles = rows / tile_rows, lines = (quarter_lines + tiles - 1) / tiles;
  for (uint32_t first = 0; first < steps; first += chunk_steps) {
    const uint32_t n = std::min(chunk_steps, steps - first);
    const char* chunk = panel + first * step_bytes;
    Ahead ahead{chunk + n * step_bytes, lines};
    float* begin = first + n < steps ? c : c + panel_columns;  // of the next part or panel
    for (uint32_t r = 0; r < rows; r += 2 * tile_rows)
      for (uint32_t half = 0; half < 2; ++half, ahead.at += size_t{n} * 4 * lines * 64) {
        float* block = c + r * c_stride + half * 2 * strip_columns;
        float* below = r + 2 * tile_rows < rows ? c + (r + 2 * tile_rows) * c_stride : begin;
        block_32(a + r * a_stride + first * 64, a_stride, chunk + half * 2 * tile_bytes, n, block, c_stride, add || first > 0,
                 ahead, half == 0 ? block + 2 * strip_columns : below);
      }
  }
}

void multiply(const void* encoded, size_t a_stride, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const char*>(encoded);
  const auto* panel = static_cast<const char*>(w.data);
  const uint32_t steps = padded_depth(w.k) / depth_step, whole = rows / (2 * tile_rows) * 2 * tile_rows;
  for (uint32_t p = 0; p < w.count; ++p, panel += steps * step_bytes, c += panel_columns) {
    if (whole > 0) {
      const TileShapes shapes(tile_rows);
      load_shapes(shapes);
      multiply_blocks(a, a_stride, whole, panel, steps, c, c_stride, add);
    }
    for (uint32_t r = whole; r < rows; r += tile_rows) {
      const TileShapes shapes(std::min(tile_rows, rows - r));
      load_shapes(shapes);
      // only the first rows of all read the panel from afar
      block_16(a + r * a_stride, a_stride, panel, steps, c + r * c_stride, c_stride, add,
               {panel + step_bytes, r == 0 ? quarter_lines : 0});
    }
  }
  _tile_release();
}

// An odd number of cache lines: the rows of a tile lie in different sets of the cache.
size_t row_bytes(uint32_t k) { return (size_t{padded_depth(k)} * sizeof(uint16_t) / 64 | 1) * 64; }

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  encode_pairs(x, n, first + n == k ? padded_depth(k) - first : n, static_cast<Encoded*>(row) + first);
}

}  // namespace

const MatMul& bf16_amx() {
  static constexpr MatMul table{"amx", Compute::bf16, PanelFormat::bf16_tiles, 2 * tile_rows, 256, row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
