// Rows in int8, on vectors: each number by itself, the largest of a block and the sum of its integers exact, so that every
// instruction set gives the same bits.
#pragma once
#include "int8.hpp"
#include "vectors.inc.hpp"

namespace sextant::cpu {
namespace {

// v folded in halves by op, as often as it takes: all lanes hold the result. op does not mind the order.
template <class V, class Op> SXT_INLINE V across(V v, const Op& op) {
  static constexpr int32_t numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Integers lane;  // from memory: GCC 12 puts lanes that are set one by one together anew each time
  std::memcpy(&lane, numbers, sizeof lane);
  SXT_UNROLL for (uint32_t n = width / 2; n > 0; n /= 2) v = op(v, __builtin_shuffle(v, lane ^ static_cast<int32_t>(n)));
  return v;
}

// One block of 32 numbers: q [32]; returns its scale, the largest magnitude / 127. A NaN is not the largest.
SXT_INLINE float encode_block(const float* x, int8_t* q, int32_t& ret_sum) {
  Vector top = splat(0.f);
  SXT_UNROLL for (uint32_t i = 0; i < depth_step; i += width) {
    const Vector v = load(x + i);
    top = max(max(v, splat(0.f) - v), top);
  }
  const float largest = across(top, [](Vector a, Vector b) { return max(a, b); })[0];
  const Vector inverse = splat(largest > 0 ? 127 / largest : 0);
  const Vector magic = splat(12582912.f);  // 1.5 * 2^23: what is added to it is rounded to an integer, in the low bits
  Integers zero, sum = {};
  alignas(64) int32_t integers[depth_step];
  std::memcpy(&zero, &magic, sizeof zero);
  SXT_UNROLL for (uint32_t i = 0; i < depth_step; i += width) {
    const Vector shifted = load(x + i) * inverse + magic;
    Integers integer;
    std::memcpy(&integer, &shifted, sizeof integer);
    integer -= zero;
    sum += integer;
    std::memcpy(integers + i, &integer, sizeof integer);
  }
  for (uint32_t i = 0; i < depth_step; ++i) q[i] = static_cast<int8_t>(integers[i]);
  ret_sum = across(sum, [](Integers a, Integers b) { return a + b; })[0];
  return largest / 127;
}

void encode_int8(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row) {
  const EncodedRow to(row, k);
  auto* numbers = const_cast<int8_t*>(to.numbers);
  auto* scales = const_cast<float*>(to.scales);
  auto* sums = const_cast<int32_t*>(to.sums);
  uint32_t b = first / depth_step, at = 0;
  for (; at + depth_step <= n; at += depth_step, ++b) scales[b] = encode_block(x + at, numbers + b * depth_step, sums[b]);
  if (at == n) return;
  float rest[depth_step] = {};
  std::memcpy(rest, x + at, (n - at) * sizeof(float));
  scales[b] = encode_block(rest, numbers + b * depth_step, sums[b]);
}

}  // namespace
}  // namespace sextant::cpu
