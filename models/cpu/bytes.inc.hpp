// Products of bytes on vectors, summed in int32: exact, so that every instruction set gives the same sums.
#pragma once
#include "../engine/checkpoint/dequantize.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {

constexpr uint32_t byte_lanes = width * 4;
#if defined(__AVX512VNNI__)
using Bytes = __m512i;
SXT_INLINE Bytes load_bytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
SXT_INLINE Bytes splat_four(const int8_t* p) {
  int32_t x;
  std::memcpy(&x, p, 4);
  return _mm512_set1_epi32(x);
}
SXT_INLINE Bytes splat_int(int32_t x) { return _mm512_set1_epi32(x); }
SXT_INLINE Bytes low_nibbles(Bytes v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
SXT_INLINE Bytes high_nibbles(Bytes v) { return _mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(15)); }
// sum + the four products of each lane; w unsigned (dot_four_nibbles: up to 127), a signed
SXT_INLINE Bytes dot_four(Bytes sum, Bytes w, Bytes a) { return _mm512_dpbusd_epi32(sum, w, a); }
// not the unmasked intrinsics: GCC 12 warns of its own header there
SXT_INLINE Vector to_float(Bytes v) { return _mm512_maskz_cvtepi32_ps(0xffff, v); }
SXT_INLINE Vector load_f16(const uint8_t* p) {
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
#elif defined(__AVX2__)
using Bytes = __m256i;
SXT_INLINE Bytes load_bytes(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
SXT_INLINE Bytes splat_four(const int8_t* p) {
  int32_t x;
  std::memcpy(&x, p, 4);
  return _mm256_set1_epi32(x);
}
SXT_INLINE Bytes splat_int(int32_t x) { return _mm256_set1_epi32(x); }
SXT_INLINE Bytes low_nibbles(Bytes v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
SXT_INLINE Bytes high_nibbles(Bytes v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15)); }
SXT_INLINE Bytes dot_four(Bytes sum, Bytes w, Bytes a) {
  // two products of the full range do not fit 16 bits, so each half of w's range is taken alone
  const Bytes low = _mm256_and_si256(w, _mm256_set1_epi8(127)), high = _mm256_and_si256(w, _mm256_set1_epi8(-128));
  const Bytes ones = _mm256_set1_epi16(1);
  const Bytes low_pairs = _mm256_maddubs_epi16(low, a), high_pairs = _mm256_maddubs_epi16(high, a);
  return _mm256_add_epi32(sum, _mm256_add_epi32(_mm256_madd_epi16(low_pairs, ones), _mm256_madd_epi16(high_pairs, ones)));
}
SXT_INLINE Bytes dot_four_nibbles(Bytes sum, Bytes w, Bytes a) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(w, a), _mm256_set1_epi16(1)));
}
SXT_INLINE Vector to_float(Bytes v) { return _mm256_cvtepi32_ps(v); }
SXT_INLINE Vector load_f16(const uint8_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
#else
typedef int32_t Bytes __attribute__((vector_size(16)));
SXT_INLINE Bytes load_bytes(const uint8_t* p) {
  Bytes v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
SXT_INLINE Bytes splat_int(int32_t x) { return Bytes{x, x, x, x}; }
SXT_INLINE Bytes splat_four(const int8_t* p) {
  int32_t x;
  std::memcpy(&x, p, 4);
  return splat_int(x);
}
SXT_INLINE Bytes low_nibbles(Bytes v) { return v & 0x0f0f0f0f; }
SXT_INLINE Bytes high_nibbles(Bytes v) { return v >> 4 & 0x0f0f0f0f; }
SXT_INLINE Bytes dot_four(Bytes sum, Bytes w, Bytes a) {
  SXT_UNROLL for (int shift = 0; shift < 32; shift += 8) sum += (w >> shift & 255) * (a << (24 - shift) >> 24);
  return sum;
}
SXT_INLINE Vector to_float(Bytes v) { return __builtin_convertvector(v, Vector); }
SXT_INLINE Vector load_f16(const uint8_t* p) {
  Vector v;
  for (uint32_t i = 0; i < width; ++i) {
    uint16_t half;
    std::memcpy(&half, p + 2 * i, sizeof half);
    v[i] = engine::half_to_float(half);
  }
  return v;
}
#endif
#if defined(__AVX512VNNI__) || !defined(__AVX2__)
SXT_INLINE Bytes dot_four_nibbles(Bytes sum, Bytes w, Bytes a) { return dot_four(sum, w, a); }
#endif

// Bytes with a sign, -127 .. 127, as dot_signed takes them.
#if defined(__AVX512VNNI__)
constexpr int32_t signed_offset = 128;  // is added to each of them; the caller takes it off again
using SignedBytes = __m512i;
SXT_INLINE SignedBytes with_sign(Bytes v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
SXT_INLINE Bytes dot_signed(Bytes sum, SignedBytes w, Bytes a) { return _mm512_dpbusd_epi32(sum, w, a); }
#elif defined(__AVX2__)
constexpr int32_t signed_offset = 0;
struct SignedBytes {
  __m256i size, sign;
};
SXT_INLINE SignedBytes with_sign(Bytes v) { return {_mm256_abs_epi8(v), v}; }
SXT_INLINE Bytes dot_signed(Bytes sum, SignedBytes w, Bytes a) {  // a pair of products fits 16 bits: no number is -128
  return dot_four_nibbles(sum, w.size, _mm256_sign_epi8(a, w.sign));
}
#else
constexpr int32_t signed_offset = 0;
using SignedBytes = Bytes;
SXT_INLINE SignedBytes with_sign(Bytes v) { return v; }
SXT_INLINE Bytes dot_signed(Bytes sum, SignedBytes w, Bytes a) {
  SXT_UNROLL for (int shift = 0; shift < 32; shift += 8) sum += (w << (24 - shift) >> 24) * (a << (24 - shift) >> 24);
  return sum;
}
#endif

// sum[r][j] += groups of four numbers of a[r] times w, whose groups are `step` bytes apart: for each lane. Positive: a's
// numbers are 0 .. 127; else each product has signed_offset times its a too much. Of w, what lies AHEAD bytes further on is fetched.
template <bool Positive, size_t AHEAD = 0, uint32_t R, uint32_t C>
SXT_INLINE void accumulate_bytes(Bytes (&sum)[R][C], const int8_t* const (&a)[R], const uint8_t* w, size_t step,
                                 uint32_t groups) {
  asm volatile("" ::: "memory");  // or GCC keeps what it loaded for one slice, on the stack, for the next
#if defined(__AVX2__)
  _Pragma("GCC unroll 8")
#else
  _Pragma("GCC unroll 1")  // a product is many instructions there
#endif
  for (uint32_t g = 0; g < groups; ++g, w += step) {
    if constexpr (AHEAD > 0)
      SXT_UNROLL for (uint32_t j = 0; j < C; j += 64 / byte_lanes) __builtin_prefetch(w + AHEAD + j * byte_lanes);
    if constexpr (Positive) {
      Bytes v[C];
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) v[j] = load_bytes(w + j * byte_lanes);
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
        const Bytes x = splat_four(a[r] + g * 4);
        SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = dot_four_nibbles(sum[r][j], x, v[j]);
      }
    } else {
      SignedBytes v[C];
      SXT_UNROLL for (uint32_t j = 0; j < C; ++j) v[j] = with_sign(load_bytes(w + j * byte_lanes));
      SXT_UNROLL for (uint32_t r = 0; r < R; ++r) {
        const Bytes x = splat_four(a[r] + g * 4);
        SXT_UNROLL for (uint32_t j = 0; j < C; ++j) sum[r][j] = dot_signed(sum[r][j], v[j], x);
      }
    }
  }
}

// v * 128 + x in each lane
SXT_INLINE Bytes shift_slice(Bytes v, Bytes x) { return (Bytes)(((Integers)v << 7) + (Integers)x); }

}  // namespace
}  // namespace sextant::cpu
