// Vectors of `width` floats for the instruction set that the including file is compiled for, with -ffp-contract=off (a
// multiplication and an addition are fused where the kernels say so, never where the compiler likes).
//
// SXT_EXACT: the same bits on every instruction set. fma() then rounds once everywhere, and what is summed over lanes is summed
// over 16 of them, in as many vectors as that takes.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(SXT_EXACT) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#define SXT_UNROLL _Pragma("GCC unroll 32")
#define SXT_INLINE [[gnu::always_inline]] inline

namespace sextant::cpu {
namespace {  // each instruction set has its own copy

#if defined(__AVX512F__)
constexpr uint32_t width = 16, columns = 4;  // 6 rows x 4 vectors of accumulators, of 32 registers
using Vector = __m512;
SXT_INLINE Vector splat(float x) { return _mm512_set1_ps(x); }
SXT_INLINE Vector load(const float* p) { return _mm512_loadu_ps(p); }
SXT_INLINE void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
SXT_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__)
constexpr uint32_t width = 8, columns = 2;   // 6 rows x 2 vectors, of 16 registers
using Vector = __m256;
SXT_INLINE Vector splat(float x) { return _mm256_set1_ps(x); }
SXT_INLINE Vector load(const float* p) { return _mm256_loadu_ps(p); }
SXT_INLINE void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
SXT_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#else
constexpr uint32_t width = 4, columns = 2;
typedef float Vector __attribute__((vector_size(16)));
SXT_INLINE Vector splat(float x) { return Vector{x, x, x, x}; }
SXT_INLINE Vector load(const float* p) { Vector v; std::memcpy(&v, p, sizeof v); return v; }
SXT_INLINE void store(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }
#if defined(SXT_EXACT) && defined(__aarch64__)
SXT_INLINE Vector fma(Vector a, Vector b, Vector c) { return (Vector)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
#elif defined(SXT_EXACT)
// Without such an instruction: the product is exact in double; its sum with c is rounded to odd there, and then to float, which
// is as good as one rounding (Boldo and Melquiond 2008).
SXT_INLINE Vector fma(Vector a, Vector b, Vector c) {
  typedef double Doubles __attribute__((vector_size(32)));
  typedef int64_t Bits __attribute__((vector_size(32)));
  const Doubles product = __builtin_convertvector(a, Doubles) * __builtin_convertvector(b, Doubles),
                other = __builtin_convertvector(c, Doubles), sum = product + other;
  const Doubles part = sum - product, lost = (product - (sum - part)) + (other - part);  // sum + lost is exact (Knuth)
  Bits bits;
  std::memcpy(&bits, &sum, sizeof bits);
  const Bits inexact = (lost > 0) | (lost < 0), even = (bits & 1) - 1, away = (lost > 0) ^ (bits < 0);  // all ones where so
  bits += inexact & even & ((away & 2) - 1);
  Doubles odd;
  std::memcpy(&odd, &bits, sizeof odd);
  return __builtin_convertvector(odd, Vector);
}
#else
SXT_INLINE Vector fma(Vector a, Vector b, Vector c) { return a * b + c; }  // two roundings: not every machine has one
#endif
#endif
#if defined(SXT_EXACT)
constexpr uint32_t norm_chains = 16 / width, sum_chains = 16 / width;  // vectors that a sum runs in
#else
constexpr uint32_t norm_chains = 2, sum_chains = 1;
#endif
constexpr uint32_t group_rows_max = 6;  // as many rows as those accumulators are for

// Fetches the lines of C vectors that lie one after the other, `at` elements behind each b.
template <uint32_t C, class T> SXT_INLINE void fetch_lines(const T* const (&b)[C], size_t at) {
  SXT_UNROLL for (uint32_t j = 0; j < C; j += 16 / width) __builtin_prefetch(b[j] + at);
}

/// Calls body(N, first) for rows [first, first + N): whole groups of MAX, then the rest as one. N is an integral constant.
template <uint32_t MAX, class Body> SXT_INLINE void with_rows(uint32_t rows, uint32_t first, const Body& body) {
  if constexpr (MAX > 1)
    if (rows < MAX) return with_rows<MAX - 1>(rows, first, body);
  body(std::integral_constant<uint32_t, MAX>{}, first);
}
template <uint32_t MAX, class Body> SXT_INLINE void in_groups(uint32_t rows, const Body& body) {
  for (uint32_t first = 0; first < rows; first += MAX) with_rows<MAX>(rows - first, first, body);
}

// not the intrinsic: GCC 12 warns of its own header there
// b where one of the two is not a number
SXT_INLINE Vector max(Vector a, Vector b) { return a > b ? a : b; }
typedef int32_t Integers __attribute__((vector_size(width * 4)));

// Halves are added to each other until one lane is left.
SXT_INLINE float sum_of(Vector v) {
#if defined(__AVX512F__)
  const __m256 eight = _mm512_extractf32x8_ps(v, 0) + _mm512_extractf32x8_ps(v, 1);
  const __m128 four = _mm256_castps256_ps128(eight) + _mm256_extractf128_ps(eight, 1);
  const __m128 two = four + _mm_movehl_ps(four, four);
  return two[0] + two[1];
#else
  float x[width];
  store(x, v);
  for (uint32_t n = width / 2; n > 0; n /= 2)
    for (uint32_t i = 0; i < n; ++i) x[i] += x[i + n];
  return x[0];
#endif
}
template <uint32_t N> SXT_INLINE float sum_of(Vector (&v)[N]) {
  SXT_UNROLL for (uint32_t n = N / 2; n > 0; n /= 2) SXT_UNROLL for (uint32_t i = 0; i < n; ++i) v[i] = v[i] + v[i + n];
  return sum_of(v[0]);
}
SXT_INLINE float max_of(Vector v) {
  float x[width];
  store(x, v);
  for (uint32_t n = width / 2; n > 0; n /= 2)
    for (uint32_t i = 0; i < n; ++i) x[i] = x[i] > x[i + n] ? x[i] : x[i + n];
  return x[0];
}
// v folded in halves by op, as often as it takes: all lanes hold the result. op does not mind the order.
template <class V, class Op> SXT_INLINE V across(V v, const Op& op) {
  static constexpr int32_t numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Integers lane;  // from memory: GCC 12 puts lanes that are set one by one together anew each time
  std::memcpy(&lane, numbers, sizeof lane);
  SXT_UNROLL for (uint32_t n = width / 2; n > 0; n /= 2) v = op(v, __builtin_shuffle(v, lane ^ static_cast<int32_t>(n)));
  return v;
}
// n: a multiple of `width`
SXT_INLINE bool all_finite(const float* x, uint32_t n) {
  Vector none = splat(0.f);  // stays 0: a difference of finite numbers with themselves is
  for (uint32_t i = 0; i < n; i += width) none = none + (load(x + i) - load(x + i));
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(none, splat(0.f), _CMP_EQ_OQ) == 0xffff;
#else
  return sum_of(none) == 0;
#endif
}
// out[i] = the highest lane of v[i]
template <uint32_t N> SXT_INLINE void maxima_of(const Vector (&v)[N], float* out) {
#if defined(__AVX512F__)
  if constexpr (N == 4 || N == 16) {  // lanes of two vectors, then of four, .. meet in one
    Vector two[N / 2], four[N / 4];
    SXT_UNROLL for (uint32_t i = 0; i < N / 2; ++i) two[i] = max(_mm512_maskz_unpacklo_ps(0xffff, v[2 * i], v[2 * i + 1]),
                                                             _mm512_maskz_unpackhi_ps(0xffff, v[2 * i], v[2 * i + 1]));
    SXT_UNROLL for (uint32_t i = 0; i < N / 4; ++i) {
      const __m512d a = _mm512_castps_pd(two[2 * i]), b = _mm512_castps_pd(two[2 * i + 1]);
      four[i] =
          max(_mm512_castpd_ps(_mm512_maskz_unpacklo_pd(0xff, a, b)), _mm512_castpd_ps(_mm512_maskz_unpackhi_pd(0xff, a, b)));
    }
    // a lane of 128 bits of four[i] now holds candidates of the rows 4 i .. 4 i + 3
    if constexpr (N == 4) {
      const Vector other = max(four[0], _mm512_maskz_shuffle_f32x4(0xffff, four[0], four[0], 0x4e));
      return store(out, max(other, _mm512_maskz_shuffle_f32x4(0xffff, other, other, 0xb1)));
    } else {
      Vector eight[2];
      SXT_UNROLL for (uint32_t i = 0; i < 2; ++i)
          eight[i] = max(_mm512_maskz_shuffle_f32x4(0xffff, four[2 * i], four[2 * i + 1], 0x88),
                         _mm512_maskz_shuffle_f32x4(0xffff, four[2 * i], four[2 * i + 1], 0xdd));
      return store(out, max(_mm512_maskz_shuffle_f32x4(0xffff, eight[0], eight[1], 0x88),
                            _mm512_maskz_shuffle_f32x4(0xffff, eight[0], eight[1], 0xdd)));
    }
  }
#endif
  for (uint32_t i = 0; i < N; ++i) out[i] = max_of(v[i]);
}
// 2^x for x <= 0: polynomial(f), 2^f on [-0.5, 0.5], times a whole power. Below -126 it is 0, and what is not a number stays
// so.
template <class Polynomial> SXT_INLINE Vector exp2_by(Vector x, const Polynomial& polynomial) {
#if defined(__AVX512F__)  // the same bits in fewer steps
  const Vector whole = _mm512_maskz_roundscale_ps(0xffff, x, 0);  // not the plain intrinsics: GCC 12 warns of its header
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(x, splat(-126.f), _CMP_NLT_UQ), polynomial(x - whole), whole);
#else
  const Vector magic = splat(12582912.f);  // 1.5 * 2^23: what is added to it is rounded to an integer, in the low bits
  const Vector bounded = max(splat(-126.f), x), shifted = bounded + magic, f = bounded - (shifted - magic);
  const Vector r = polynomial(f);
  Integers bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127) << 23;
  Vector power;
  std::memcpy(&power, &bits, sizeof power);
  const Vector y = r * power;
  return x < splat(-126.f) ? splat(0.f) : y;
#endif
}
// Relative error about 1e-7, by a polynomial of degree 6.
SXT_INLINE Vector exp2_of(Vector x) {
  return exp2_by(x, [](Vector f) {
    Vector r = splat(1.535336188319500e-4f);
    r = fma(r, f, splat(1.339887440266574e-3f));
    r = fma(r, f, splat(9.618437357674640e-3f));
    r = fma(r, f, splat(5.550332471162809e-2f));
    r = fma(r, f, splat(2.402264791363012e-1f));
    r = fma(r, f, splat(6.931472028550421e-1f));
    return fma(r, f, splat(1.f));
  });
}
// Relative error 7e-6, exact for whole numbers: for weights that are rounded after it. 1 + x q(x) on [-0.5, 0.5], q interpolated
// at Chebyshev's points.
SXT_INLINE Vector coarse_polynomial(Vector f) {
  Vector r = splat(9.656710288546807e-3f);
  r = fma(r, f, splat(5.583828294621972e-2f));
  r = fma(r, f, splat(2.402253009741219e-1f));
  r = fma(r, f, splat(6.931367338836215e-1f));
  return fma(r, f, splat(1.f));
}
constexpr float log2_e = 1.44269504088896341f;

// tanh(x), relative error about 1e-7. Up to 0.625 an odd polynomial of degree 11 (a least-squares fit at Chebyshev's points),
// where the quotient would cancel.
SXT_INLINE Vector tanh_of(Vector x) {
  const Vector size = max(x, splat(0.f) - x), z = x * x;
  Vector r = splat(-5.704042524818515e-3f);
  r = fma(r, z, splat(2.063786148924263e-2f));
  r = fma(r, z, splat(-5.373915650368771e-2f));
  r = fma(r, z, splat(1.333143175350995e-1f));
  r = fma(r, z, splat(-3.333328128411309e-1f));
  const Vector small = fma(x * z, r, x);
  const Vector e = exp2_of(splat(-2 * log2_e) * size), large = (splat(1.f) - e) / (splat(1.f) + e);
  return size < splat(0.625f) ? small : x < splat(0.f) ? splat(0.f) - large : large;
}

}  // namespace
}  // namespace sextant::cpu
