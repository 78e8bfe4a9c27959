// Attention in bf16, compiled once for each instruction set: KERNEL_TABLE names the function that returns the table,
// KERNEL_NAME the set. A page holds {keys [2][depth / 2][16][2], values [head_dim / 16][16][16][2]}: both products read pairs,
// of a key's numbers and of two keys' values, in tiles that lie in one piece.
#include <cstring>
#include "attention_groups.inc.hpp"
#include "matmul.hpp"
#include "pairs.inc.hpp"
#if defined(__AMX_BF16__)
#include "tiles.inc.hpp"
#endif

namespace sextant::cpu {
namespace {

#if defined(__AMX_BF16__)
constexpr uint32_t tile_rows = 16, group_rows = attention_rows_max;  // that go through a block together
#else
constexpr uint32_t group_rows = group_rows_max;
#endif
constexpr uint32_t tile_keys = 16, tile_dims = 16;
constexpr uint32_t pair_row = 2 * tile_keys;  // numbers of one row of pairs of a tile

// head_dim as the keys' product takes it: whole steps of 32
uint32_t depth(uint32_t head_dim) { return padded_depth(head_dim); }
size_t value_at(uint32_t head_dim) { return size_t{depth(head_dim)} * page_keys; }  // in numbers
// Where a key's numbers begin: its pairs are a pair_row apart.
SXT_INLINE size_t key_at(uint32_t key, uint32_t head_dim) {
  return size_t{key} / tile_keys * tile_keys * depth(head_dim) + key % tile_keys * 2;
}
// Where a number of the values begins: its pairs of keys are a pair_row apart.
SXT_INLINE size_t dim_at(uint32_t dim) { return size_t{dim} / tile_dims * tile_dims * page_keys + dim % tile_dims * 2; }

size_t page_bytes(uint32_t head_dim) { return (value_at(head_dim) + size_t{page_keys} * head_dim) * sizeof(uint16_t); }

size_t scratch_floats(uint32_t head_dim) { return attention_rows_max * (size_t{1} + 16 + head_dim + depth(head_dim)) + 64; }

void put(const float* key, const float* value, uint32_t head_dim, uint32_t offset, void* page) {
  auto* keys = static_cast<uint16_t*>(page) + key_at(offset, head_dim);
  uint16_t* values = static_cast<uint16_t*>(page) + value_at(head_dim) + offset / 2 * pair_row;
  if (!all_finite(value, head_dim)) {  // rows that do not see it multiply it with 0
    for (uint32_t i = 0; i < head_dim; ++i) keys[i / 2 * pair_row + i % 2] = to_bf16(NAN);
    for (uint32_t i = 0; i < head_dim; ++i) values[dim_at(i) + offset % 2] = 0;
    return;
  }
#if defined(__AVX512BF16__)
  const __mmask32 places = offset % 2 ? 0xaaaaaaaau : 0x55555555u;
  for (uint32_t i = 0; i < head_dim; i += width) {
    uint32_t pairs[width / 2];
    encode_vector(load(key + i), reinterpret_cast<Encoded*>(pairs));
    SXT_UNROLL for (uint32_t j = 0; j < width / 2; ++j)
        std::memcpy(keys + (i / 2 + j) * pair_row, &pairs[j], sizeof pairs[j]);
    const __m512i numbers = _mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)_mm512_cvtneps_pbh(load(value + i)));
    _mm512_mask_storeu_epi16(values + dim_at(i), places, offset % 2 ? _mm512_maskz_slli_epi32(0xffff, numbers, 16) : numbers);
  }
#else
  for (uint32_t i = 0; i < head_dim; i += 2) {
    keys[i / 2 * pair_row] = to_bf16(key[i]);
    keys[i / 2 * pair_row + 1] = to_bf16(key[i + 1]);
  }
  for (uint32_t i = 0; i < head_dim; ++i) values[dim_at(i) + offset % 2] = to_bf16(value[i]);
#endif
}

struct State {
  float* out;      // [rows][head_dim]
  float* sum;      // [rows][16]: lanes
  float* max;      // [rows]
  Encoded* query;  // [rows][depth]

  State(float* scratch, uint32_t head_dim) {
    scratch += (64 - reinterpret_cast<uintptr_t>(scratch) % 64) % 64 / sizeof(float);
    query = reinterpret_cast<Encoded*>(scratch);
    out = scratch + size_t{attention_rows_max} * depth(head_dim);
    sum = out + size_t{attention_rows_max} * head_dim;
    max = sum + attention_rows_max * 16;
  }
};

// 2^x for x <= 0, for weights that are rounded to bf16, which is 300 times coarser.
SXT_INLINE Vector weight_of(Vector x) {
#if defined(__AVX512F__)
  const Vector whole = _mm512_maskz_roundscale_ps(0xffff, x, 0);  // not the plain intrinsics: GCC 12 warns of its header
  return _mm512_maskz_scalef_ps(0xffff, coarse_polynomial(x - whole), whole);
#else
  return exp2_by(x, coarse_polynomial);
#endif
}

alignas(64) constexpr int32_t block_keys[key_block] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                                       32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                                       48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

// Which of the keys first_key .. first_key + 63 a row sees: those of [hidden, seen).
struct Seen {
  int32_t hidden, seen;
  Seen(const Attention& t, uint32_t row, uint32_t first_key)
      : seen(static_cast<int32_t>(t.position[row]) - static_cast<int32_t>(first_key) + 1) {
    hidden = t.window ? seen - static_cast<int32_t>(t.window) : 0;
  }
  bool all() const { return hidden <= 0 && seen >= static_cast<int32_t>(key_block); }
  SXT_INLINE Vector where(uint32_t i, Vector v, Vector otherwise) const {
    Integers key;
    std::memcpy(&key, block_keys + i, sizeof key);
    return (key < seen) & (key >= hidden) ? v : otherwise;
  }
};

// Scales and caps a row's scores; returns lanes whose highest is the highest that it sees, in float32.
SXT_INLINE Vector finish_scores(const Attention& t, const Seen& seen, float* scores) {
  if (seen.all() && t.soft_cap == 0) {  // weights_of scales these
    Vector top = load(scores);
    SXT_UNROLL for (uint32_t i = width; i < key_block; i += width) top = max(top, load(scores + i));
    return top * splat(t.scale);
  }
  const Vector scale = splat(t.scale);
  Vector top = splat(hidden_score);
  SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
    Vector s = load(scores + i) * scale;
    if (t.soft_cap != 0) s = splat(t.soft_cap) * tanh_of(s * splat(1 / t.soft_cap));
    s = seen.where(i, s, splat(hidden_score));
    store(scores + i, s);
    top = max(top, s);
  }
  return top;
}

// Turns a row's scores into weights; `factor`: what its earlier sum is multiplied by.
SXT_INLINE void weights_of(const Attention& t, const Seen& seen, float highest, float factor, const float* scores,
                           Encoded* weights, float* sums) {
  Vector sum = splat(0.f);
  if (seen.all()) {
    const Vector scale = splat(t.soft_cap == 0 ? t.scale : 1.f), shift = splat(-highest);
    SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
      const Vector e = weight_of(fma(load(scores + i), scale, shift));
      encode_vector(e, weights + i);
      sum = sum + e;
    }
  } else {
    SXT_UNROLL for (uint32_t i = 0; i < key_block; i += width) {
      const Vector e = seen.where(i, weight_of(load(scores + i) - splat(highest)), splat(0.f));
      encode_vector(e, weights + i);
      sum = sum + e;
    }
  }
  store(sums, fma(load(sums), splat(factor), sum));
}

// The same for `rows` of R rows from `row` on; factor [R] is what their earlier sums are multiplied by.
template <uint32_t R>
SXT_INLINE void weigh_scores(const Attention& t, uint32_t row, uint32_t rows, uint32_t first_key, float (*scores)[key_block],
                             Encoded (*weights)[key_block], float* factor, const State& state) {
  constexpr uint32_t lanes = (R + width - 1) / width * width;
  alignas(64) float before[lanes] = {}, highest[lanes] = {}, fall[lanes];
  Vector tops[R];
  for (uint32_t r = 0; r < R; ++r) tops[r] = splat(hidden_score);
  for (uint32_t r = 0; r < rows; ++r) tops[r] = finish_scores(t, Seen(t, row + r, first_key), scores[r]);
  maxima_of(tops, highest);
  for (uint32_t r = 0; r < rows; ++r) before[r] = state.max[row + r];
  for (uint32_t i = 0; i < lanes; i += width) {
    const Vector now = max(load(highest + i), load(before + i));
    store(fall + i, weight_of(load(before + i) - now));
    store(highest + i, now);
  }
  for (uint32_t r = 0; r < rows; ++r) {
    state.max[row + r] = highest[r];
    factor[r] = fall[r];
    weights_of(t, Seen(t, row + r, first_key), highest[r], factor[r], scores[r], weights[r], state.sum + (row + r) * 16);
  }
}

SXT_INLINE const uint16_t* keys_of(const char* page) { return reinterpret_cast<const uint16_t*>(page); }
SXT_INLINE const uint16_t* values_of(const char* page, uint32_t head_dim) { return keys_of(page) + value_at(head_dim); }

#if defined(__AMX_BF16__)
// Tiles 0..3: results [rows][16]; 4: queries or weights [rows][32]; 5..7: keys or values [16][16][2].
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {0, 0, 0, 0, 0, 16, 16, 16};
  explicit TileShapes(uint32_t n) {
    for (int i = 0; i < 5; ++i) rows[i] = static_cast<uint8_t>(n);
  }
};

// AMX, while attend runs. A group of few rows takes tiles of so many: the unit's time is that of the rows.
class Tiles {
 public:
  Tiles() = default;
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
  ~Tiles() { _tile_release(); }
  void shape_for(uint32_t rows) {
    rows = lesser(rows, tile_rows);
    if (rows == rows_) return;
    const TileShapes shapes(rows);
    load_shapes(shapes);
    rows_ = rows;
  }

 private:
  uint32_t rows_ = 0;
};

SXT_INLINE void clear_results() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

SXT_INLINE void store_results(float (*to)[64]) {
  _tile_stored(0, to[0], sizeof to[0]);
  _tile_stored(1, to[0] + 16, sizeof to[0]);
  _tile_stored(2, to[0] + 32, sizeof to[0]);
  _tile_stored(3, to[0] + 48, sizeof to[0]);
}

// results += rows [..][32], `stride` bytes apart, * `parts` tiles of pairs; tile(i): where one lies. Loads stand before
// products as far as there are tiles for them: see matmul_amx_bf16.cpp.
template <class Tile> SXT_INLINE void multiply_tiles(const Encoded* rows, size_t stride, const Tile& tile, uint32_t parts) {
  constexpr size_t row = pair_row * sizeof(uint16_t);
  _tile_loadd(4, rows, stride);
  _tile_loadd(5, tile(0), row);
  if (parts > 1) _tile_loadd(6, tile(1), row);
  if (parts > 2) _tile_loadd(7, tile(2), row);
  _tile_dpbf16ps(0, 4, 5);
  if (parts > 3) _tile_loadd(5, tile(3), row);
  if (parts > 1) _tile_dpbf16ps(1, 4, 6);
  if (parts > 2) _tile_dpbf16ps(2, 4, 7);
  if (parts > 3) _tile_dpbf16ps(3, 4, 5);
}

// scores [..][64] = queries [..][depth] * the block's keys. The last tile of a group of more than 16 rows takes along what lies
// behind its queries, whatever that is: there is room for it, and its scores are not looked at.
SXT_INLINE void multiply_keys(const Attention& t, const Encoded* query, const Block& block, float (*scores)[key_block]) {
  const uint32_t steps = depth(t.head_dim) / depth_step;
  constexpr size_t step_numbers = depth_step / 2 * pair_row;
  const uint16_t* keys[key_block / tile_keys];
  for (uint32_t i = 0; i < key_block / tile_keys; ++i)
    keys[i] = keys_of(block.page[i * tile_keys / page_keys]) + key_at(i * tile_keys % page_keys, t.head_dim);
  clear_results();
  for (uint32_t s = 0; s < steps; ++s, query += depth_step) {
    const auto tile = [&](uint32_t i) { return keys[i] + s * step_numbers; };
    multiply_tiles(query, depth(t.head_dim) * sizeof(Encoded), tile, key_block / tile_keys);
  }
  store_results(scores);
}

// sums [..][64] = weights [..][64] * `parts` times 16 numbers, from `dim` on, of the block's values
SXT_INLINE void multiply_values(const Attention& t, const Encoded (*weights)[key_block], const Block& block, uint32_t dim,
                                uint32_t parts, float (*sums)[64]) {
  static_assert(page_keys == depth_step);
  clear_results();
  for (uint32_t p = 0; p * page_keys < block.keys; ++p) {
    const uint16_t* values = values_of(block.page[p], t.head_dim);
    const auto tile = [&](uint32_t i) { return values + dim_at(dim + i * tile_dims); };
    multiply_tiles(weights[0] + p * page_keys, sizeof weights[0], tile, parts);
  }
  store_results(sums);
}

// R: rows whose softmax goes together, 4 or a tile's.
template <uint32_t R>
SXT_INLINE void attend_tiles(const Attention& t, uint32_t row, uint32_t rows, const Block& block, const State& state) {
  constexpr uint32_t most = R < tile_rows ? tile_rows : group_rows;
  alignas(64) float scores[most][key_block];
  alignas(64) Encoded weights[most][key_block];
  float factor[most];
  for (uint32_t r = 0; r < rows; r += tile_rows)
    multiply_keys(t, state.query + size_t{row + r} * depth(t.head_dim), block, scores + r);
  for (uint32_t r = 0; r < rows; r += tile_rows) {
    const uint32_t n = lesser(rows - r, tile_rows);
    weigh_scores<R>(t, row + r, n, block.first_key, scores + r, weights + r, factor + r, state);
    // a first tile has just the group's rows; another one's others must weigh nothing
    if (r > 0 && n < tile_rows) std::memset(weights[r + n], 0, (tile_rows - n) * sizeof weights[0]);
  }
  for (uint32_t dim = 0; dim < t.head_dim; dim += 64) {
    const uint32_t parts = t.head_dim - dim < 64 ? (t.head_dim - dim) / 16 : 4;
    for (uint32_t r = 0; r < rows; r += tile_rows) multiply_values(t, weights + r, block, dim, parts, scores + r);
    for (uint32_t r = 0; r < rows; ++r) {
      float* out = state.out + size_t{row + r} * t.head_dim + dim;
      for (uint32_t i = 0; i < parts; ++i)
        store(out + i * 16, fma(load(out + i * 16), splat(factor[r]), load(scores[r] + i * 16)));
    }
  }
}

// A few tiles of rows. Each step is done for all of them before the next: what a tile has just stored, or is to read, is on its
// way while another one is worked on.
void attend_group(const Attention& t, uint32_t row, uint32_t rows, const Block& block, const State& state, Tiles& tiles) {
  tiles.shape_for(rows);
  if (rows <= 4) return attend_tiles<4>(t, row, rows, block, state);
  attend_tiles<tile_rows>(t, row, rows, block, state);
}
#else
struct Tiles {};

// out[r][0 .. C * width) = out * factor + weights[r] * values
template <uint32_t R, uint32_t C>
SXT_INLINE void weigh(const Encoded (&weights)[R][key_block], const float (&factor)[R], const Block& block, uint32_t head_dim,
                      uint32_t dim, float* out) {
  Vector acc[R][C];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] =
      load(out + r * head_dim + dim + j * width) * splat(factor[r]);
  for (uint32_t p = 0; p * page_keys < block.keys; ++p) {
    const Encoded* a[R];
    const uint16_t* b[C];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) a[r] = weights[r] + p * page_keys;
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) b[j] = values_of(block.page[p], head_dim) + dim_at(dim + j * width);
    const uint32_t keys = block.keys - p * page_keys < page_keys ? block.keys - p * page_keys : page_keys;
    accumulate_pairs<R, C>(acc, a, b, pair_row, (keys + 1) / 2);
  }
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < C; ++j)
      store(out + r * head_dim + dim + j * width, acc[r][j]);
}

template <uint32_t R>
[[gnu::noinline]] void attend_rows(const Attention& t, uint32_t row, const Block& block, const State& state) {
  alignas(64) float scores[R][key_block];
  alignas(64) Encoded weights[R][key_block];
  const Encoded* query[R];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) query[r] = state.query + size_t{row + r} * depth(t.head_dim);
  for (uint32_t first = 0; first < key_block; first += columns * width) {
    Vector acc[R][columns];
    const uint16_t* b[columns];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) acc[r][j] = splat(0.f);
    SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) b[j] =
        keys_of(block.page[(first + j * width) / page_keys]) + key_at((first + j * width) % page_keys, t.head_dim);
    accumulate_pairs<R, columns>(acc, query, b, pair_row, t.head_dim / 2);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j)
        store(scores[r] + first + j * width, acc[r][j]);
  }
  float factor[R];
  weigh_scores<R>(t, row, R, block.first_key, scores, weights, factor, state);
  float* out = state.out + size_t{row} * t.head_dim;
  uint32_t dim = 0;
  for (; dim + columns * width <= t.head_dim; dim += columns * width)
    weigh<R, columns>(weights, factor, block, t.head_dim, dim, out);
  for (; dim < t.head_dim; dim += width) weigh<R, 1>(weights, factor, block, t.head_dim, dim, out);
}

void attend_group(const Attention& t, uint32_t row, uint32_t rows, const Block& block, const State& state, Tiles&) {
  with_rows<group_rows>(rows, row, [&](auto n, uint32_t r) { attend_rows<n()>(t, r, block, state); });
}
#endif

void attend(const Attention& t) {
  const State state(t.scratch, t.head_dim);
  for (uint32_t r = 0; r < t.rows; ++r) {
    state.max[r] = hidden_score;
    encode_pairs(t.query[r], t.head_dim, depth(t.head_dim), state.query + size_t{r} * depth(t.head_dim));
  }
  std::memset(state.sum, 0, t.rows * 16 * sizeof(float));
  std::memset(state.out, 0, size_t{t.rows} * t.head_dim * sizeof(float));
  Tiles tiles;
  for_each_group<group_rows>(
      t, [&](uint32_t r, uint32_t rows, const Block& block) { attend_group(t, r, rows, block, state, tiles); });
  for (uint32_t r = 0; r < t.rows; ++r) {
    const Vector inverse = splat(1.f / sum_of(load(state.sum + r * 16)));
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
