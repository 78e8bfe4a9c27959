// Attention in two slices of int8, of the compute types that are exact: queries, keys, values and the weights of the values, a
// scale for each head of a row. Compiled once for each instruction set: KERNEL_TABLE names the function that returns the table,
// KERNEL_NAME the set.
//
// Scores and sums of values are sums of integers, so that only what is done to single rows has an order. A page holds {keys high
// [head_dim / 4][32][4], low, values high [8 groups][head_dim][4], low, scales of the keys [32], of the values [32]}.
#include <array>
#include "attention_groups.inc.hpp"
#include "bytes.inc.hpp"
#include "encode_int8.inc.hpp"
#if defined(__AMX_INT8__)
#include "tiles.inc.hpp"
#endif

namespace sextant::cpu {
namespace {

constexpr size_t key_step = 4 * page_keys;  // bytes from four numbers of a page's keys to the next four
constexpr uint32_t page_groups = page_keys / 4;
// Where a page's groups of four values lie: as the weights of both halves come out of vectors (store_weights).
#if defined(__AVX512F__)
constexpr uint32_t group_place(uint32_t group) { return group * 2 % page_groups + group / (page_groups / 2); }
#else
constexpr uint32_t group_place(uint32_t group) { return group; }
#endif
constexpr float least_score = -1e29f;  // of a key that a row sees: what is hidden lies below, and weighs nothing
alignas(64) constexpr auto block_keys = [] {
  std::array<int32_t, key_block> keys{};
  for (uint32_t i = 0; i < key_block; ++i) keys[i] = static_cast<int32_t>(i);
  return keys;
}();

size_t page_bytes(uint32_t head_dim) { return size_t{4} * page_keys * head_dim + 2 * page_keys * sizeof(float); }

struct PageView {
  const uint8_t *keys_high, *keys_low, *values_high, *values_low;
  const float *key_scales, *value_scales;

  PageView(const void* page, uint32_t head_dim) {
    const size_t numbers = size_t{page_keys} * head_dim;
    keys_high = static_cast<const uint8_t*>(page), keys_low = keys_high + numbers, values_high = keys_low + numbers;
    values_low = values_high + numbers;
    key_scales = reinterpret_cast<const float*>(values_low + numbers), value_scales = key_scales + page_keys;
  }
};

// to[4 * i + place] = numbers[i]
SXT_INLINE void store_every_fourth(const int8_t (&numbers)[16], uint32_t place, uint8_t* to) {
#if defined(__AVX512BW__)
  const __m512i apart = _mm512_maskz_cvtepi8_epi32(0xffff, _mm_load_si128(reinterpret_cast<const __m128i*>(numbers)));
  _mm512_mask_storeu_epi8(to, 0x1111111111111111u << place, _mm512_maskz_sll_epi32(0xffff, apart, _mm_cvtsi32_si128(8 * place)));
#else
  to += place;
  asm("" : "+r"(to));  // or GCC 12 keeps 16 sums of `place` and an offset on the stack
  SXT_UNROLL for (uint32_t i = 0; i < 16; ++i) to[4 * i] = static_cast<uint8_t>(numbers[i]);
#endif
}

void put(const float* key, const float* value, uint32_t head_dim, uint32_t offset, void* page) {
  const PageView at(page, head_dim);
  Steps key_steps(largest_bits(key, head_dim), slice_steps), value_steps(largest_bits(value, head_dim), slice_steps);
  if (!(value_steps.scale == value_steps.scale)) {  // rows that do not see it multiply it with 0
    key_steps.scale = value_steps.scale, key_steps.inverse = 0;
    value_steps.scale = 0;
  }
  const_cast<float*>(at.key_scales)[offset] = key_steps.scale;
  const_cast<float*>(at.value_scales)[offset] = value_steps.scale;
  for (uint32_t first = 0; first < head_dim; first += 16) {
    alignas(16) int8_t high[16], low[16];
    int32_t unused;
    slice_numbers(key + first, 16, key_steps, high, low, unused, unused);
    auto *keys_high = const_cast<uint8_t*>(at.keys_high) + first / 4 * key_step + 4 * offset,
         *keys_low = const_cast<uint8_t*>(at.keys_low) + first / 4 * key_step + 4 * offset;
    SXT_UNROLL for (uint32_t i = 0; i < 4; ++i) {
      std::memcpy(keys_high + i * key_step, high + 4 * i, 4);
      std::memcpy(keys_low + i * key_step, low + 4 * i, 4);
    }
    slice_numbers(value + first, 16, value_steps, high, low, unused, unused);
    const size_t to = size_t{4} * group_place(offset / 4) * head_dim + 4 * first;
    store_every_fourth(high, offset % 4, const_cast<uint8_t*>(at.values_high) + to);
    store_every_fourth(low, offset % 4, const_cast<uint8_t*>(at.values_low) + to);
  }
}

size_t scratch_floats(uint32_t head_dim) { return attention_rows_max * (size_t{20} + head_dim + head_dim / 2) + 64; }

// Of the rows of a call. Queries in front: AMX reads 16 rows at a time, and past the last.
struct State {
  int8_t *high, *low;  // [rows][head_dim]
  float* out;          // [rows][head_dim]
  float* sum;          // [rows][16]: lanes
  float* max;          // [rows]
  float* scale;        // [rows] of the query and the sums, times that of the scores
  int32_t *sum_high, *sum_both;  // [rows] of the query's slices

  State(float* scratch, uint32_t head_dim) {
    scratch += (64 - reinterpret_cast<uintptr_t>(scratch) % 64) % 64 / sizeof(float);
    high = reinterpret_cast<int8_t*>(scratch);
    low = high + attention_rows_max * size_t{head_dim};
    out = reinterpret_cast<float*>(low + attention_rows_max * size_t{head_dim});
    sum = out + attention_rows_max * size_t{head_dim};
    max = sum + attention_rows_max * 16;
    scale = max + attention_rows_max;
    sum_high = reinterpret_cast<int32_t*>(scale + attention_rows_max);
    sum_both = sum_high + attention_rows_max;
  }
};

// What a row weighs the values of a block with, `scale`: of the sums, and what its earlier sums are multiplied by.
struct Weights {
  int8_t *high, *low;  // [64], 0 .. 127
  float scale, factor;
};

// out[r] = the highest lane of v[r]
template <uint32_t R> SXT_INLINE void highest_of(const Vector (&v)[R], float* out) {
#if defined(__AVX512F__)
  if constexpr (R == 4 || R == 16) return maxima_of(v, out);
#endif
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) out[r] = across(v[r], [](Vector a, Vector b) { return max(a, b); })[0];
}

// The keys of a block that a row sees: [from, seen).
struct Seen {
  int32_t from, seen;
  Seen(int32_t from, int32_t seen) : from(from), seen(seen) {}
  Seen(const Attention& t, uint32_t row, const Block& block)
      : from(static_cast<int32_t>(first_seen(t, row)) - static_cast<int32_t>(block.first_key)),
        seen(static_cast<int32_t>(t.position[row]) - static_cast<int32_t>(block.first_key) + 1) {}
  bool none() const { return seen <= 0 || from >= static_cast<int32_t>(key_block); }
  bool all() const { return from <= 0 && seen >= static_cast<int32_t>(key_block); }
  SXT_INLINE Vector where(uint32_t i, Vector v, Vector otherwise) const {
    Integers key;
    std::memcpy(&key, block_keys.data() + i, sizeof key);
    return (key < seen) & (key >= from) ? v : otherwise;
  }
};

// Caps and hides a row's scores; returns lanes whose highest is the highest that it sees.
SXT_INLINE Vector finish_scores(const Attention& t, const Seen& seen, float* scores) {
  Vector top = splat(hidden_score);
  SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
    Vector s = load(scores + i);
    if (t.soft_cap != 0) s = splat(t.soft_cap) * tanh_of(s * splat(1 / t.soft_cap));
    s = max(splat(least_score), s);
    if (!seen.all()) s = seen.where(i, s, splat(hidden_score));
    store(scores + i, s);
    top = max(top, s);
  }
  return top;
}

// What the weights of a block's values are rounded with: e * steps[i] is the weight of the value i in steps of `unit`. Of the keys
// that a row sees: what others hold must not matter.
struct ValueSteps {
  alignas(64) float steps[key_block];
  float unit = 0;
  Seen seen{0, 0};

  // Rows that see the same share it.
  SXT_INLINE void of(const Attention& t, const Block& block, const Seen& now) {
    if (now.from == seen.from && now.seen == seen.seen) return;
    if (now.all() && seen.all()) return;
    seen = now;
    Vector scale[key_block / width], most = splat(0.f);
    SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
      const float* scales = PageView(block.page[i / page_keys], t.head_dim).value_scales + i % page_keys;
      Vector& s = scale[i / width] = load(scales);
      if (!now.all()) s = now.where(i, s, splat(0.f));
      most = max(most, s);
    }
    float highest;
    highest_of({most}, &highest);
    const bool none = highest < std::bit_cast<float>(least_exponent << 23);
    unit = none ? 0 : highest / slice_steps;
    const Vector inverse = splat(none ? 0 : slice_steps / highest);
    SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) store(steps + i, scale[i / width] * inverse);
  }
};

// The 64 weights of a row in slices.
SXT_INLINE void store_weights(const Integers (&all)[key_block / width], const Weights& ret) {
#if defined(__AVX512F__)  // a page's groups of four keys come out in the order of group_place
  const __m512i words[] = {_mm512_packus_epi32((__m512i)all[0], (__m512i)all[1]), _mm512_packus_epi32((__m512i)all[2], (__m512i)all[3])};
  const __m512i low = _mm512_set1_epi16(127), pages = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
  const __m512i bytes[] = {_mm512_packus_epi16(_mm512_srli_epi16(words[0], 7), _mm512_srli_epi16(words[1], 7)),
                           _mm512_packus_epi16(_mm512_and_si512(words[0], low), _mm512_and_si512(words[1], low))};
  _mm512_store_si512(ret.high, _mm512_maskz_permutexvar_epi64(0xff, pages, bytes[0]));
  _mm512_store_si512(ret.low, _mm512_maskz_permutexvar_epi64(0xff, pages, bytes[1]));
#else
  alignas(64) int32_t highs[key_block], lows[key_block];
  SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
    const Integers h = all[i / width] >> 7, l = all[i / width] & 127;
    std::memcpy(highs + i, &h, sizeof h);
    std::memcpy(lows + i, &l, sizeof l);
  }
  store_bytes(highs, ret.high);
  store_bytes(lows, ret.low);
#endif
}

// Turns the scores [64] of `rows` of R rows, from `row` on, into weights. A row that sees nothing of the block is left as it is.
// A score that is no number makes its row's sum none: the highest of others may stand in for it.
template <uint32_t R>
[[gnu::noinline]] void weigh_scores(const Attention& t, uint32_t row, uint32_t rows, const Block& block,
                                    float (*scores)[key_block], const State& state, Weights* ret) {
  const uint32_t n = R == 1 ? 1 : rows;  // of one row no loop is left
  constexpr uint32_t lanes = (R + width - 1) / width * width;
  alignas(64) float before[lanes] = {}, highest[lanes] = {}, now[lanes], factor[lanes], part[lanes];
  Vector tops[R];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) tops[r] = splat(hidden_score);
  for (uint32_t r = 0; r < n; ++r) {
    const Seen seen(t, row + r, block);
    before[r] = state.max[row + r];
    if (!seen.none()) tops[r] = finish_scores(t, seen, scores[r]);
  }
  highest_of(tops, highest);
  for (uint32_t i = 0; i < lanes; i += width) {
    const Vector higher = max(load(highest + i), load(before + i));
    store(factor + i, exp2_of(load(before + i) - higher));
    store(part + i, exp2_of(load(highest + i) - higher));
    store(now + i, higher);
  }
  ValueSteps values;
  for (uint32_t r = 0; r < n; ++r) {
    const Seen seen(t, row + r, block);
    if (seen.none()) {
      ret[r].scale = 0, ret[r].factor = 1;
      std::memset(ret[r].high, 0, key_block);
      std::memset(ret[r].low, 0, key_block);
      continue;
    }
    values.of(t, block, seen);
    state.max[row + r] = now[r];
    ret[r].scale = slice_unit * values.unit * part[r], ret[r].factor = factor[r];
    Vector sum[sum_chains];
    SXT_UNROLL for (uint32_t j = 0; j < sum_chains; ++j) sum[j] = splat(0.f);
    Integers weights[key_block / width];
    SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
      const Vector e = exp2_by(load(scores[r] + i) - splat(highest[r]), coarse_polynomial);  // 0 where hidden
      sum[i / width % sum_chains] = sum[i / width % sum_chains] + e;
      weights[i / width] = to_steps(e, load(values.steps + i));
    }
    store_weights(weights, ret[r]);
    float* sums = state.sum + size_t{row + r} * 16;
    SXT_UNROLL for (uint32_t j = 0; j < sum_chains; ++j)
      store(sums + j * width, fma(load(sums + j * width), splat(factor[r]), sum[j] * splat(part[r])));
  }
}

#if defined(__AMX_INT8__)
constexpr uint32_t tile_rows = 16, two_groups = 32, group_rows = attention_rows_max;  // that go through a block together

// Numbers of a head that one product of tiles takes: its keys' rows then come out even.
uint32_t depth_of(uint32_t head_dim) { return head_dim % 64 == 0 ? 64 : head_dim % 32 == 0 ? 32 : 16; }

// Tiles 0 to 3: sums [rows][16], of high * high and of the others, of two groups of 16 columns; 4: queries [rows][depth]; 5: keys
// [depth / 4][16][4]; 6: weights [rows][32]; 7: values [8][16][4].
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 0, 64, page_keys, 64};
  uint8_t rows[16] = {0, 0, 0, 0, 0, 0, 0, page_groups};
  TileShapes(uint32_t n, uint32_t depth) {
    for (const int tile : {0, 1, 2, 3, 4, 6}) rows[tile] = static_cast<uint8_t>(n);
    row_bytes[4] = static_cast<uint16_t>(depth);
    rows[5] = static_cast<uint8_t>(depth / 4);
  }
};

// sums += the slices of rows, through tile A, times those of two groups of 16 columns, through tile B: four sums that seldom wait for
// one another, in the order of fewest loads. A macro, since the numbers of tiles are parts of the intrinsics' names for GCC.
#define MULTIPLY_SLICES(A, B, high, low, a_stride, w_high, w_low, w_stride) \
  _tile_loadd(A, high, a_stride);                                          \
  _tile_loadd(B, w_high, w_stride);                                        \
  _tile_dpbssd(0, A, B);                                                   \
  _tile_loadd(A, low, a_stride);                                           \
  _tile_dpbssd(1, A, B);                                                   \
  _tile_loadd(B, (w_high) + 64, w_stride);                                 \
  _tile_dpbssd(3, A, B);                                                   \
  _tile_loadd(A, high, a_stride);                                          \
  _tile_dpbssd(2, A, B);                                                   \
  _tile_loadd(B, w_low, w_stride);                                         \
  _tile_dpbssd(1, A, B);                                                   \
  _tile_loadd(B, (w_low) + 64, w_stride);                                  \
  _tile_dpbssd(3, A, B)
SXT_INLINE void clear_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// AMX, while attend runs. A group of few rows takes tiles of so many: the unit's time is that of the rows.
class Tiles {
 public:
  explicit Tiles(uint32_t head_dim) : depth_(depth_of(head_dim)) {}
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  ~Tiles() { _tile_release(); }
  void shape_for(uint32_t rows) {
    rows = lesser(rows, tile_rows);
    if (rows == rows_) return;
    const TileShapes shapes(rows, depth_);
    load_shapes(shapes);
    rows_ = rows;
  }

 private:
  const uint32_t depth_;
  uint32_t rows_ = 0;
};

struct alignas(64) TileSums {
  int32_t high[tile_rows][key_block], others[tile_rows][key_block];
  SXT_INLINE void store(uint32_t column) {
    _tile_stored(0, high[0] + column, sizeof high[0]);
    _tile_stored(1, others[0] + column, sizeof others[0]);
    _tile_stored(2, high[0] + column + 16, sizeof high[0]);
    _tile_stored(3, others[0] + column + 16, sizeof others[0]);
  }
  SXT_INLINE Vector at(uint32_t row, uint32_t column) const {
    return to_float(shift_slice(_mm512_load_si512(high[row] + column), _mm512_load_si512(others[row] + column)));
  }
};

// The last tile of a group of more than 16 rows takes along what lies behind its queries, whatever that is: there is room for
// it, and its scores are not looked at.
SXT_INLINE void multiply_keys(const Attention& t, const int8_t* high, const int8_t* low, const Block& block, TileSums& ret) {
  const uint32_t depth = depth_of(t.head_dim);
  static_assert(page_keys == two_groups);
  for (uint32_t p = 0; p * page_keys < block.keys; ++p) {
    const PageView page(block.page[p], t.head_dim);
    clear_sums();
    for (uint32_t d = 0; d < t.head_dim; d += depth) {
      const size_t at = d / 4 * key_step;
      MULTIPLY_SLICES(4, 5, high + d, low + d, t.head_dim, page.keys_high + at, page.keys_low + at, key_step);
    }
    ret.store(p * page_keys);
  }
}

// `count` numbers from `dim` on, up to 64. The second group behind an odd one is what lies there in the page, and is not looked at.
SXT_INLINE void multiply_values(const Attention& t, const int8_t (*high)[key_block], const int8_t (*low)[key_block],
                                const Block& block, uint32_t dim, uint32_t count, TileSums& ret) {
  for (uint32_t i = 0; i < count; i += two_groups) {
    clear_sums();
    for (uint32_t p = 0; p * page_keys < block.keys; ++p) {
      const PageView page(block.page[p], t.head_dim);
      const size_t at = (dim + i) * 4, step = size_t{4} * t.head_dim;
      MULTIPLY_SLICES(6, 7, high[0] + p * page_keys, low[0] + p * page_keys, sizeof high[0], page.values_high + at,
                      page.values_low + at, step);
    }
    ret.store(i);
  }
}

// R: rows whose weights are found together, 4 or a tile's.
template <uint32_t R>
SXT_INLINE void attend_tiles(const Attention& t, uint32_t first_row, uint32_t rows, const Block& block, const State& state) {
  constexpr uint32_t tiles = R < tile_rows ? 1 : group_rows / tile_rows;
  TileSums sums[tiles];
  alignas(64) int8_t high[tiles][tile_rows][key_block], low[tiles][tile_rows][key_block];
  Weights weights[tiles][R];
  const uint32_t used = (rows + tile_rows - 1) / tile_rows;
  for (uint32_t i = 0; i < used; ++i) {
    const size_t query = size_t{first_row + i * tile_rows} * t.head_dim;
    multiply_keys(t, state.high + query, state.low + query, block, sums[i]);
  }
  for (uint32_t i = 0; i < used; ++i) {
    const uint32_t row = first_row + i * tile_rows, n = lesser(rows - i * tile_rows, R);
    alignas(64) float scores[R][key_block];
    for (uint32_t key = 0; key < key_block; key += width) {
      const float* scales = PageView(block.page[key / page_keys], t.head_dim).key_scales + key % page_keys;
      const Vector key_scale = load(scales);
      for (uint32_t r = 0; r < n; ++r)  // behind block.keys are a page's other keys, which are hidden
        store(scores[r] + key, sums[i].at(r, key) * splat(state.scale[row + r]) * key_scale);
    }
    for (uint32_t r = 0; r < n; ++r) weights[i][r] = {high[i][r], low[i][r], 0, 1};
    weigh_scores<R>(t, row, n, block, scores, state, weights[i]);
  }
  for (uint32_t dim = 0; dim < t.head_dim; dim += key_block) {
    const uint32_t count = lesser(t.head_dim - dim, key_block);
    for (uint32_t i = 0; i < used; ++i) multiply_values(t, high[i], low[i], block, dim, count, sums[i]);
    for (uint32_t i = 0; i < used; ++i)
      for (uint32_t r = 0; r < lesser(rows - i * tile_rows, R); ++r) {
        float* out = state.out + size_t{first_row + i * tile_rows + r} * t.head_dim + dim;
        const Vector factor = splat(weights[i][r].factor), scale = splat(weights[i][r].scale);
        for (uint32_t d = 0; d < count; d += width) store(out + d, fma(load(out + d), factor, sums[i].at(r, d) * scale));
      }
  }
}

// A few tiles of rows. Each step is done for all of them before the next: a vector that is loaded right after its tile was stored
// waits.
void attend_group(const Attention& t, uint32_t first_row, uint32_t rows, const Block& block, const State& state, Tiles& tiles) {
  tiles.shape_for(rows);
  if (rows <= 4) return attend_tiles<4>(t, first_row, rows, block, state);
  attend_tiles<tile_rows>(t, first_row, rows, block, state);
}
#else
constexpr uint32_t group_rows = group_rows_max, vectors = byte_lanes == 64 ? 2 : 1;  // of keys or numbers at a time

struct Tiles {
  explicit Tiles(uint32_t) {}
};

template <uint32_t R, uint32_t C> SXT_INLINE void clear(Bytes (&sum)[R][C]) {
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = splat_int(0);
}

// out[r][dim ..] = out * factor + weights * values
template <uint32_t R, uint32_t C>
SXT_INLINE void add_values(const Attention& t, const Weights (&weights)[R], const Block& block, uint32_t dim, float* out) {
  Bytes sum[R][C];
  clear(sum);
  const size_t step = size_t{4} * t.head_dim;
  const auto add = [&](int8_t* Weights::*slice, const uint8_t* PageView::*values) __attribute__((always_inline)) {
    for (uint32_t p = 0; p * page_keys < block.keys; ++p) {
      const int8_t* a[R];
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) a[r] = weights[r].*slice + p * page_keys;
      accumulate_bytes<true>(sum, a, PageView(block.page[p], t.head_dim).*values + 4 * dim, step, page_groups);
    }
  };
  add(&Weights::high, &PageView::values_high);
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r)
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = shift_slice(sum[r][j], splat_int(0));
  add(&Weights::low, &PageView::values_high);
  add(&Weights::high, &PageView::values_low);
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j) {
    float* to = out + size_t{r} * t.head_dim + dim + j * width;
    store(to, fma(load(to), splat(weights[r].factor), to_float(sum[r][j]) * splat(weights[r].scale)));
  }
}

template <uint32_t R>
[[gnu::noinline]] void attend_rows(const Attention& t, uint32_t row, const Block& block, const State& state) {
  alignas(64) float scores[R][key_block];
  alignas(64) int8_t high[R][key_block], low[R][key_block];
  const int8_t *query_high[R], *query_low[R];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
    query_high[r] = state.high + size_t{row + r} * t.head_dim;
    query_low[r] = state.low + size_t{row + r} * t.head_dim;
  }
  for (uint32_t first = 0; first < key_block; first += vectors * width) {
    const PageView page(block.page[first / page_keys], t.head_dim);
    const size_t at = first % page_keys * 4;
    Bytes sum[R][vectors];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r)
      SXT_UNROLL for (uint32_t j = 0; j < vectors; ++j) sum[r][j] = splat_int(-signed_offset * state.sum_high[row + r]);
    accumulate_bytes<false>(sum, query_high, page.keys_high + at, key_step, t.head_dim / 4);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < vectors; ++j)
        sum[r][j] = shift_slice(sum[r][j], splat_int(-signed_offset * state.sum_both[row + r]));
    accumulate_bytes<false>(sum, query_low, page.keys_high + at, key_step, t.head_dim / 4);
    accumulate_bytes<false>(sum, query_high, page.keys_low + at, key_step, t.head_dim / 4);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < vectors; ++j)
        store(scores[r] + first + j * width,
              to_float(sum[r][j]) * splat(state.scale[row + r]) * load(page.key_scales + first % page_keys + j * width));
  }
  Weights weights[R];
  for (uint32_t r = 0; r < R; ++r) {
    weights[r] = {high[r], low[r], 0, 1};
    weigh_scores<1>(t, row + r, 1, block, scores + r, state, &weights[r]);
  }
  float* out = state.out + size_t{row} * t.head_dim;
  uint32_t dim = 0;
  for (; dim + vectors * width <= t.head_dim; dim += vectors * width) add_values<R, vectors>(t, weights, block, dim, out);
  for (; dim < t.head_dim; dim += width) add_values<R, 1>(t, weights, block, dim, out);
}

void attend_group(const Attention& t, uint32_t row, uint32_t rows, const Block& block, const State& state, Tiles&) {
  with_rows<group_rows>(rows, row, [&](auto n, uint32_t r) { attend_rows<n()>(t, r, block, state); });
}
#endif

void attend(const Attention& t) {
  const State state(t.scratch, t.head_dim);
  for (uint32_t r = 0; r < t.rows; ++r) {
    const Steps steps(largest_bits(t.query[r], t.head_dim), slice_steps);
    state.max[r] = hidden_score;
    state.scale[r] = slice_unit * steps.scale * t.scale;
    slice_numbers(t.query[r], t.head_dim, steps, state.high + size_t{r} * t.head_dim, state.low + size_t{r} * t.head_dim,
                  state.sum_high[r], state.sum_both[r]);
  }
  std::memset(state.sum, 0, t.rows * 16 * sizeof(float));
  std::memset(state.out, 0, size_t{t.rows} * t.head_dim * sizeof(float));
  Tiles tiles(t.head_dim);
  for_each_group<group_rows>(
      t, [&](uint32_t r, uint32_t rows, const Block& block) { attend_group(t, r, rows, block, state, tiles); });
  for (uint32_t r = 0; r < t.rows; ++r) {
    Vector sum[sum_chains];
    SXT_UNROLL for (uint32_t j = 0; j < sum_chains; ++j) sum[j] = load(state.sum + r * 16 + j * width);
    const Vector inverse = splat(1.f / sum_of(sum));
    for (uint32_t i = 0; i < t.head_dim; i += width)
      store(t.out[r] + i, load(state.out + size_t{r} * t.head_dim + i) * inverse);
  }
}

}  // namespace

const AttentionFormat& KERNEL_TABLE() {
  static constexpr AttentionFormat table{KERNEL_NAME, page_bytes, scratch_floats, put, attend};
  return table;
}

}  // namespace sextant::cpu
