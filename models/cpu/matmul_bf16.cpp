// The bf16 product on vectors. Compiled once for each instruction set: MATMUL_TABLE names the function that returns the table,
// MATMUL_NAME the set.
//
// With AVX512_BF16 two products are added at once by the processor. Elsewhere encoded rows are floats that hold bf16 numbers: a
// product of two such is exact in float32, so each is added with one rounding, fused or not, and AVX-512, AVX2 and the portable
// code give the same bits.
#include "half.hpp"
#include "matmul_tables.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {

#if defined(__AVX512BF16__)
using Encoded = uint16_t;
#else
using Encoded = float;
typedef uint32_t Words __attribute__((vector_size(width * 4)));
#endif

// acc[r][j] += the pairs of a[r] times those of w, at the columns of vector j
template <uint32_t R, uint32_t C>
SXT_INLINE void accumulate_pairs(Vector (&acc)[R][C], const Encoded* const (&a)[R], const uint16_t* w, size_t step,
                                 uint32_t pairs) {
  for (uint32_t i = 0; i < pairs; ++i, w += step) {
#if defined(__AVX512BF16__)
    __m512i v[C];
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) v[j] = _mm512_loadu_si512(w + j * 2 * width);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      int32_t pair;
      std::memcpy(&pair, a[r] + 2 * i, sizeof pair);
      const __m512i x = _mm512_set1_epi32(pair);
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = _mm512_dpbf16_ps(acc[r][j], (__m512bh)x, (__m512bh)v[j]);
    }
#else
    SXT_UNROLL for (uint32_t second = 0; second < 2; ++second) {  // one after the other: both would not fit the registers
      Vector v[C];
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) {
        Words pair;
        std::memcpy(&pair, w + j * 2 * width, sizeof pair);
        pair = second ? pair & 0xffff0000u : pair << 16;
        std::memcpy(&v[j], &pair, sizeof pair);
      }
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
        const Vector x = splat(a[r][2 * i + second]);
        SXT_UNROLL for (uint32_t j = 0; j < C; ++j) acc[r][j] = fma(x, v[j], acc[r][j]);
      }
    }
#endif
  }
}

template <uint32_t R>
[[gnu::noinline]] void multiply_rows(const Encoded* a, size_t a_stride, const uint16_t* w, uint32_t pairs, float* c,
                                     size_t c_stride, bool add) {
  for (uint32_t first = 0; first < panel_columns; first += columns * width) {
    Vector acc[R][columns];
    const Encoded* rows[R];
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
      rows[r] = a + r * a_stride;
      SXT_UNROLL for (uint32_t j = 0; j < columns; ++j) acc[r][j] =
          add ? load(c + r * c_stride + first + j * width) : splat(0.f);
    }
    accumulate_pairs<R, columns>(acc, rows, w + 2 * first, 2 * panel_columns, pairs);
    SXT_UNROLL for (uint32_t r = 0; r < R; ++r) SXT_UNROLL for (uint32_t j = 0; j < columns; ++j)
        store(c + r * c_stride + first + j * width, acc[r][j]);
  }
}

void multiply(const void* encoded, size_t stride_bytes, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add) {
  const auto* a = static_cast<const Encoded*>(encoded);
  const auto* panel_at = static_cast<const uint16_t*>(w.data);
  const size_t a_stride = stride_bytes / sizeof(Encoded);
  const uint32_t pairs = padded_depth(w.k) / 2;
  for (uint32_t p = 0; p < w.count; ++p, panel_at += size_t{pairs} * 2 * panel_columns, c += panel_columns) {
    uint32_t r = 0;
    for (; r + 6 <= rows; r += 6)
      multiply_rows<6>(a + r * a_stride, a_stride, panel_at, pairs, c + r * c_stride, c_stride, add);
    const Encoded* from = a + r * a_stride;
    float* to = c + r * c_stride;
    switch (rows - r) {
      case 5: multiply_rows<5>(from, a_stride, panel_at, pairs, to, c_stride, add); break;
      case 4: multiply_rows<4>(from, a_stride, panel_at, pairs, to, c_stride, add); break;
      case 3: multiply_rows<3>(from, a_stride, panel_at, pairs, to, c_stride, add); break;
      case 2: multiply_rows<2>(from, a_stride, panel_at, pairs, to, c_stride, add); break;
      case 1: multiply_rows<1>(from, a_stride, panel_at, pairs, to, c_stride, add); break;
      default: break;
    }
  }
}

size_t row_bytes(uint32_t k) { return (size_t{padded_depth(k)} * sizeof(Encoded) + 63) / 64 * 64; }

void encode(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  Encoded* out = static_cast<Encoded*>(row) + first;
  uint32_t i = 0;
#if defined(__AVX512BF16__)
  for (; i + width <= n; i += width)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), (__m256i)_mm512_cvtneps_pbh(load(x + i)));
  for (; i < n; ++i) out[i] = to_bf16(x[i]);
#else
  for (; i < n; ++i) out[i] = from_bf16(to_bf16(x[i]));
#endif
  if (first + n == k)
    for (; first + i < padded_depth(k); ++i) out[i] = 0;
}

}  // namespace

const MatMul& MATMUL_TABLE() {
  static constexpr MatMul table{MATMUL_NAME, Compute::bf16, row_bytes, encode, multiply};
  return table;
}

}  // namespace sextant::cpu
