// The kernels, written once on vectors (vectors.inc.hpp). The including file names the instruction set: it defines KERNEL_TABLE
// (the function that returns the table), KERNEL_NAME and KERNEL_LABEL.
#include "attention_groups.inc.hpp"
#include "kernels.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {  // each instruction set has its own copy of everything below

// ---- matrix product --------------------------------------------------------------------------------------------------------
// acc[r][j] += sum over i < n of a[r][i] * b[j][i * step ...]: one chain for each lane
// Of b, what lies AHEAD numbers further on is fetched.
template <uint32_t R, uint32_t C, size_t AHEAD = 0>
SXT_INLINE void accumulate(Vector (&acc)[R][C], const float* const (&a)[R], const float* const (&b)[C], size_t step,
                           uint32_t n) {
  // written out four times: AVX2's is so short that counting shows
  _Pragma("GCC unroll 4") for (uint32_t i = 0; i < n; ++i) {
    Vector v[C];
    if constexpr (AHEAD > 0) fetch_lines<C>(b, i * step + AHEAD);
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) v[j] = load(b[j] + i * step);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      const Vector x = splat(a[r][i]);
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = fma(x, v[j], acc[r][j]);
    }
  }
}

constexpr size_t numbers_ahead = 1024;  // of the weights are fetched: with few rows they come from afar, and in pages of 4 KiB

// Of weights: the columns of a panel that pass the registers together lie in one stream.
constexpr PanelFormat weights_format = columns * width == panel ? PanelFormat::f32 : PanelFormat::f32_strips;

// w: rows of `step` columns
template <uint32_t R>
[[gnu::noinline]] void gemm_rows(const float* a, size_t a_stride, const float* w, uint32_t step, uint32_t k, float* c,
                                 size_t c_stride, bool add) {
  for (uint32_t first = 0; first < panel; first += columns * width) {
    Vector acc[R][columns];
    const float *rows[R], *b[columns];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      rows[r] = a + r * a_stride;
      SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) acc[r][j] = splat(0.f);
    }
    SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) {
      const uint32_t column = first + j * width;
      b[j] = w + (step == panel ? column : size_t{column} / strip_columns * strip_columns * k + column % strip_columns);
    }
    accumulate<R, columns, numbers_ahead>(acc, rows, b, step, k);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) {
      float* to = c + r * c_stride + first + j * width;
      store(to, add ? load(to) + acc[r][j] : acc[r][j]);
    }
  }
}

void multiply(const void* encoded, size_t stride_bytes, uint32_t rows, const Panels& panels, float* c, size_t c_stride,
              bool add) {
  const auto* a = static_cast<const float*>(encoded);
  const auto* w = static_cast<const float*>(panels.data);
  const size_t a_stride = stride_bytes / sizeof(float);
  const uint32_t k = panels.k, step = panels.format == PanelFormat::f32 ? panel : strip_columns;
  for (uint32_t p = 0; p < panels.count; ++p, w += size_t{k} * panel, c += panel) {
    in_groups<group_rows_max>(rows, [&](auto n, uint32_t r) {
      gemm_rows<n()>(a + r * a_stride, a_stride, w, step, k, c + r * c_stride, c_stride, add);
    });
  }
}

size_t row_bytes(uint32_t k) { return (k * sizeof(float) + 63) / 64 * 64; }

void encode(const float* x, uint32_t first, uint32_t n, uint32_t, void* row) {
  std::memcpy(static_cast<float*>(row) + first, x, n * sizeof(float));
}

// ---- rows -------------------------------------------------------------------------------------------------------------------
void rms_norm(const float* x, const float* w, float* y, uint32_t n, float epsilon) {
  Vector squares[norm_chains];
  SXT_UNROLL for (uint32_t j = 0; j < norm_chains; ++j) squares[j] = splat(0.f);
  uint32_t i = 0;
  for (; i + norm_chains * width <= n; i += norm_chains * width)
    SXT_UNROLL for (uint32_t j = 0; j < norm_chains; ++j) {
      const Vector v = load(x + i + j * width);
      squares[j] = fma(v, v, squares[j]);
    }
  double sum = sum_of(squares);
  for (uint32_t j = i; j < n; ++j) sum += static_cast<double>(x[j]) * x[j];
  const auto factor = static_cast<float>(1 / std::sqrt(sum / n + static_cast<double>(epsilon)));
  for (i = 0; i + width <= n; i += width) store(y + i, load(x + i) * splat(factor) * load(w + i));
  for (; i < n; ++i) y[i] = x[i] * factor * w[i];
}

void rope(float* x, const float* cosine, const float* sine, uint32_t half) {
  uint32_t i = 0;
  for (; i + width <= half; i += width) {
    const Vector a = load(x + i), b = load(x + half + i), c = load(cosine + i), s = load(sine + i);
    store(x + i, a * c - b * s);
    store(x + half + i, b * c + a * s);
  }
  for (; i < half; ++i) {
    const float a = x[i], b = x[half + i];
    x[i] = a * cosine[i] - b * sine[i];
    x[half + i] = b * cosine[i] + a * sine[i];
  }
}

// g / (1 + e^-t) of each lane; the exponent is kept at or below 0
SXT_INLINE Vector gated(Vector g, Vector t) {
  const Vector zero = splat(0.f), e = exp2_of(splat(-log2_e) * max(t, zero - t)), s = g / (splat(1.f) + e);
  return t < zero ? s * e : s;
}

void swiglu(const float* gate, const float* up, float* y) {
  SXT_UNROLL for (uint32_t i = 0; i < panel; i += width) {
    const Vector g = load(gate + i);
    store(y + i, gated(g, g) * load(up + i));
  }
}

// g / 2 * (1 + tanh(t / 2)) = g / (1 + e^-t)
void geglu(const float* gate, const float* up, float* y) {
  constexpr float root = 1.59576912160573071f;  // 2 * sqrt(2 / pi)
  SXT_UNROLL for (uint32_t i = 0; i < panel; i += width) {
    const Vector g = load(gate + i), cubic = splat(root * 0.044715f) * g * g;
    store(y + i, gated(g, (splat(root) + cubic) * g) * load(up + i));
  }
}

void scale_and_cap(float* x, uint32_t n, float scale, float cap) {
  for (uint32_t i = 0; i < n; i += width) {
    const Vector y = load(x + i) * splat(scale);
    store(x + i, cap == 0 ? y : splat(cap) * tanh_of(y * splat(1 / cap)));
  }
}

VocabularyChunk vocabulary(const float* logits, uint32_t n) {
  Vector top = load(logits);
  for (uint32_t i = width; i < n; i += width) top = max(top, load(logits + i));
  const float best = max_of(top);
  Vector sum[sum_chains];
  SXT_UNROLL for (uint32_t j = 0; j < sum_chains; ++j) sum[j] = splat(0.f);
  for (uint32_t i = 0; i < n; i += sum_chains * width)
    SXT_UNROLL for (uint32_t j = 0; j < sum_chains; ++j)
      sum[j] = sum[j] + exp2_of((load(logits + i + j * width) - splat(best)) * splat(log2_e));
  uint32_t index = 0;
  while (index + 1 < n && logits[index] != best) ++index;
  return {best, sum_of(sum), index};
}

#include "encoder_kernels.inc.hpp"

#if !defined(SXT_EXACT)  // there it is in integers: attention_slices.cpp
// ---- attention ----
// A page: {keys [head_dim][32], values [32][head_dim]}
SXT_INLINE const float* keys_of(const char* page) { return reinterpret_cast<const float*>(page); }
SXT_INLINE const float* values_of(const char* page, uint32_t head_dim) { return keys_of(page) + size_t{page_keys} * head_dim; }
size_t page_bytes(uint32_t head_dim) { return size_t{2} * page_keys * head_dim * sizeof(float); }
size_t scratch_floats(uint32_t head_dim) { return attention_rows_max * (size_t{head_dim} + 32); }

void put(const float* key, const float* value, uint32_t head_dim, uint32_t offset, void* page) {
  auto* keys = static_cast<float*>(page);
  float* values = keys + (page_keys + offset) * size_t{head_dim};
  if (!all_finite(value, head_dim)) {  // rows that do not see it multiply it with 0
    for (uint32_t i = 0; i < head_dim; ++i) keys[i * page_keys + offset] = NAN;
    std::memset(values, 0, head_dim * sizeof(float));
    return;
  }
  for (uint32_t i = 0; i < head_dim; ++i) keys[i * page_keys + offset] = key[i];
  std::memcpy(values, value, head_dim * sizeof(float));
}

struct RowStates {
  float* max;   // [rows]
  float* sum;   // [rows][16]: lanes
  float* out;   // [rows][head_dim]
};

// out[r][0 .. C * width) = out * factor + p[r] * values
template <uint32_t R, uint32_t C>
SXT_INLINE void weigh(const float (&p)[R][key_block], const float (&factor)[R], const Block& block, uint32_t head_dim,
                      uint32_t dim, float* out) {
  Vector acc[R][C];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r)
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = load(out + r * head_dim + dim + j * width) * splat(factor[r]);
  for (uint32_t g = 0; g * page_keys < block.keys; ++g) {
    const float *a[R], *b[C];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) a[r] = p[r] + g * page_keys;
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) b[j] = values_of(block.page[g], head_dim) + dim + j * width;
    accumulate<R, C>(acc, a, b, head_dim, lesser(block.keys - g * page_keys, page_keys));
  }
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r)
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) store(out + r * head_dim + dim + j * width, acc[r][j]);
}

// R rows against a block of keys
template <uint32_t R>
[[gnu::noinline]] void attend_block(const Attention& t, uint32_t row, const Block& block, const RowStates& state) {
  const uint32_t head_dim = t.head_dim;
  const auto first_key = static_cast<int32_t>(block.first_key);
  alignas(64) float p[R][key_block];
  const float* q[R];
  SXT_UNROLL for (uint32_t r = 0; r < R; ++r) q[r] = t.query[row + r];
  for (uint32_t first = 0; first < key_block; first += columns * width) {
    Vector acc[R][columns];
    const float* b[columns];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) acc[r][j] = splat(0.f);
    SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) b[j] =
        keys_of(block.page[(first + j * width) / page_keys]) + (first + j * width) % page_keys;
    accumulate<R, columns>(acc, q, b, page_keys, head_dim);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j)
        store(p[r] + first + j * width, acc[r][j]);
  }
  Integers lane;
  for (uint32_t i = 0; i < width; ++i) lane[i] = static_cast<int32_t>(i);
  float factor[R];
  for (uint32_t r = 0; r < R; ++r) {
    // keys of the block that this row sees: [from, seen)
    const int32_t seen = static_cast<int32_t>(t.position[row + r]) - first_key + 1;
    const int32_t from = static_cast<int32_t>(first_seen(t, row + r)) - first_key;
    float scale = t.scale;
    if (t.soft_cap != 0) scale_and_cap(p[r], key_block, t.scale, t.soft_cap), scale = 1;
    Vector top = splat(hidden_score);
    for (uint32_t i = 0; i < key_block; i += width) {
      const Integers at = lane + static_cast<int32_t>(i), visible = (at < seen) & (at >= from);
      const Vector s = visible ? load(p[r] + i) * splat(scale) : splat(hidden_score);
      store(p[r] + i, s);
      top = max(top, s);
    }
    const float before = state.max[row + r], highest = max_of(top), now = highest > before ? highest : before;
    float lanes[width];
    store(lanes, exp2_of(splat(before - now)));
    factor[r] = lanes[0];
    state.max[row + r] = now;
    if (seen <= 0 || from >= static_cast<int32_t>(key_block)) {  // nothing is seen here: the state stays
      std::memset(p[r], 0, sizeof p[r]);
      continue;
    }
    float* sums = state.sum + (row + r) * 16;
    Vector sum = splat(0.f);
    for (uint32_t i = 0; i < key_block; i += width) {
      const Vector e = exp2_of(load(p[r] + i) - splat(now));  // 0 where hidden
      store(p[r] + i, e);
      sum = sum + e;
    }
    store(sums, fma(load(sums), splat(factor[r]), sum));
  }
  float* out = state.out + size_t{row} * head_dim;
  uint32_t dim = 0;
  for (; dim + columns * width <= head_dim; dim += columns * width)
    weigh<R, columns>(p, factor, block, head_dim, dim, out);
  for (; dim < head_dim; dim += width) weigh<R, 1>(p, factor, block, head_dim, dim, out);
}

void attend(const Attention& t) {
  const RowStates state{t.scratch, t.scratch + attention_rows_max, t.scratch + attention_rows_max * 17};
  for (uint32_t r = 0; r < t.rows; ++r) state.max[r] = hidden_score;
  std::memset(state.sum, 0, (t.rows * 16) * sizeof(float));
  std::memset(state.out, 0, size_t{t.rows} * t.head_dim * sizeof(float));
  for_each_group<group_rows_max>(t, [&](uint32_t first, uint32_t rows, const Block& block) {
    with_rows<group_rows_max>(rows, first, [&](auto n, uint32_t r) { attend_block<n()>(t, r, block, state); });
  });
  for (uint32_t r = 0; r < t.rows; ++r) {
    const Vector inverse = splat(1.f / sum_of(load(state.sum + r * 16)));
    for (uint32_t i = 0; i < t.head_dim; i += width)
      store(t.out[r] + i, load(state.out + size_t{r} * t.head_dim + i) * inverse);
  }
}

constexpr AttentionFormat attention{KERNEL_NAME, page_bytes, scratch_floats, put, attend};
#else
constexpr AttentionFormat attention{};
#endif

}  // namespace

const Kernels& KERNEL_TABLE() {
  static constexpr Kernels table{
      KERNEL_NAME, KERNEL_LABEL, rms_norm, rope, swiglu, geglu, scale_and_cap, vocabulary, layer_norm, gelu, softmax,
      {KERNEL_NAME, Compute::f32, weights_format, 6, 192, row_bytes, encode, multiply}, attention};
  return table;
}

}  // namespace sextant::cpu
