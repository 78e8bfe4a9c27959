// Dot products of bf16 numbers that lie in pairs, on vectors.
//
// With AVX512_BF16 two products are added at once by the processor. Elsewhere encoded rows are floats that hold bf16 numbers: a
// product of two such is exact in float32, so each is added with one rounding, fused or not, and AVX-512, AVX2 and the portable
// code give the same bits.
#pragma once
#include "half.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {

#if defined(__AVX512BF16__)
using Encoded = uint16_t;
#else
using Encoded = float;
typedef uint32_t Words __attribute__((vector_size(width * 4)));
#endif

// acc[r][j] += the pairs of a[r] times those of b[j], which are `step` apart: one chain for each lane. Of b, what lies AHEAD
// numbers further on is fetched.
template <uint32_t R, uint32_t C, size_t AHEAD = 0>
SXT_INLINE void accumulate_pairs(Vector (&acc)[R][C], const Encoded* const (&a)[R], const uint16_t* const (&b)[C], size_t step,
                                 uint32_t pairs) {
  for (uint32_t i = 0; i < pairs; ++i) {
    if constexpr (AHEAD > 0) fetch_lines<C>(b, i * step + AHEAD);
#if defined(__AVX512BF16__)
    __m512i v[C];
    SXT_UNROLL for (uint32_t j = 0; j < C; ++j) v[j] = _mm512_loadu_si512(b[j] + i * step);
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
        std::memcpy(&pair, b[j] + i * step, sizeof pair);
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

// out[0 .. width) = v as bf16
SXT_INLINE void encode_vector(Vector v, Encoded* out) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), (__m256i)_mm512_cvtneps_pbh(v));
#else
  Words bits;
  std::memcpy(&bits, &v, sizeof bits);
  const Words rounded = bits + 0x7fffu + (bits >> 16 & 1u), quiet = bits | 0x400000u;  // not a number stays one
  bits = (v == v ? rounded : quiet) & 0xffff0000u;
  std::memcpy(out, &bits, sizeof bits);
#endif
}

// out[0 .. padded) = x[0 .. n) as bf16, zeros behind
SXT_INLINE void encode_pairs(const float* x, uint32_t n, uint32_t padded, Encoded* out) {
  uint32_t i = 0;
  for (; i + width <= n; i += width) encode_vector(load(x + i), out + i);
#if defined(__AVX512BF16__)
  for (; i < n; ++i) out[i] = to_bf16(x[i]);
#else
  for (; i < n; ++i) out[i] = from_bf16(to_bf16(x[i]));
#endif
  for (; i < padded; ++i) out[i] = 0;
}

}  // namespace
}  // namespace sextant::cpu
