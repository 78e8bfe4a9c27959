// Rows in int8, on vectors: each number by itself, the largest of a block and the sum of its integers exact, so that every
// instruction set gives the same bits.
#pragma once
#include <bit>
#include "int8.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {

// How numbers become integers: scale is the largest magnitude / steps. What is not finite makes the scale not a number, and with
// it all that is multiplied with it; what is all but 0 becomes 0.
struct Steps {
  float scale, inverse;
  Steps(int32_t largest_bits, float steps) {
    if (largest_bits >= 0x7f800000) scale = NAN, inverse = 0;
    else if (largest_bits < static_cast<int32_t>(least_exponent << 23)) scale = inverse = 0;
    else scale = std::bit_cast<float>(largest_bits) / steps, inverse = steps / std::bit_cast<float>(largest_bits);
  }
};

SXT_INLINE Integers bits_of(Vector v) {
  Integers bits;
  std::memcpy(&bits, &v, sizeof bits);
  return bits;
}
SXT_INLINE Integers larger_of(Integers a, Integers b) { return a > b ? a : b; }
SXT_INLINE int32_t sum_of_integers(Integers v) {
  return across(v, [](Integers a, Integers b) { return a + b; })[0];
}

// The largest magnitude of n numbers, a multiple of 16, as its bits: as integers they have the order of the numbers, and
// infinity and what is not a number lie above all.
SXT_INLINE int32_t largest_bits(const float* x, uint32_t n) {
  Integers top = {};
  for (uint32_t i = 0; i < n; i += width) top = larger_of(bits_of(load(x + i)) & 0x7fffffff, top);
  return across(top, [](Integers a, Integers b) { return larger_of(a, b); })[0];
}

// v * inverse, to the nearest integer
SXT_INLINE Integers to_steps(Vector v, Vector inverse) {
#if defined(__AVX512F__)  // not the plain intrinsic: GCC 12 warns of its header
  return (Integers)_mm512_maskz_cvtps_epi32(0xffff, v * inverse);
#elif defined(__AVX2__)
  return (Integers)_mm256_cvtps_epi32(v * inverse);
#else
  const Vector magic = splat(12582912.f);  // 1.5 * 2^23: what is added to it is rounded to an integer, in the low bits
  return bits_of(v * inverse + magic) - bits_of(magic);
#endif
}

// The N numbers of several vectors as bytes. Element by element: GCC 12 packs them where it sees all of a block.
template <uint32_t N> SXT_INLINE void store_bytes(const int32_t (&from)[N], int8_t* to) {
#if defined(__AVX512F__)
  SXT_UNROLL for (uint32_t i = 0; i < N; i += width)  // not the plain intrinsic: GCC 12 warns of its header
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm512_maskz_cvtepi32_epi8(0xffff, _mm512_load_si512(from + i)));
#else
  for (uint32_t i = 0; i < N; ++i) to[i] = static_cast<int8_t>(from[i]);
#endif
}

// One block of 32 numbers: q [32]; returns its scale.
SXT_INLINE float encode_block(const float* x, int8_t* q, int32_t& ret_sum) {
  const Steps steps(largest_bits(x, depth_step), 127);
  ret_sum = 0;
  if (steps.inverse == 0) {
    std::memset(q, 0, depth_step);
    return steps.scale;
  }
  Integers sum = {};
  alignas(64) int32_t integers[depth_step];
  SXT_UNROLL for (uint32_t i = 0; i < depth_step; i += width) {
    const Integers integer = to_steps(load(x + i), splat(steps.inverse));
    sum += integer;
    std::memcpy(integers + i, &integer, sizeof integer);
  }
  store_bytes(integers, q);
  ret_sum = sum_of_integers(sum);
  return steps.scale;
}

// n numbers, a multiple of 16, in two slices of steps; the sums are of high, and of high and low.
SXT_INLINE void slice_numbers(const float* x, uint32_t n, const Steps& steps, int8_t* high, int8_t* low, int32_t& ret_sum_high,
                              int32_t& ret_sum_both) {
  ret_sum_high = ret_sum_both = 0;
  if (steps.inverse == 0) {
    std::memset(high, 0, n);
    std::memset(low, 0, n);
    return;
  }
  Integers sum_high = {}, sum_both = {};
  for (uint32_t i = 0; i < n; i += 16) {
    alignas(64) int32_t highs[16], lows[16];
    SXT_UNROLL for (uint32_t j = 0; j < 16; j += width) {
      const Integers all = to_steps(load(x + i + j), splat(steps.inverse)), h = (all + 64) >> 7, l = all - (h << 7);
      sum_high += h;
      sum_both += h + l;
      std::memcpy(highs + j, &h, sizeof h);
      std::memcpy(lows + j, &l, sizeof l);
    }
    store_bytes(highs, high + i);
    store_bytes(lows, low + i);
  }
  ret_sum_high = sum_of_integers(sum_high), ret_sum_both = sum_of_integers(sum_both);
}

// body(block, 32 numbers) for the blocks of x[0 .. n), the columns from `first` on; zeros fill the last one.
template <class Body> SXT_INLINE void for_each_block(const float* x, uint32_t first, uint32_t n, const Body& body) {
  uint32_t b = first / depth_step, at = 0;
  for (; at + depth_step <= n; at += depth_step, ++b) body(b, x + at);
  if (at == n) return;
  float rest[depth_step] = {};
  std::memcpy(rest, x + at, (n - at) * sizeof(float));
  body(b, rest);
}

}  // namespace
}  // namespace sextant::cpu
