// How the parts of a row's attention are put together: the one formula of attention.cu, attention_f32.cu and merge.cu, so that
// it does not matter which of them does it. What is fused is written down.
#pragma once
#include "gpu.cuh"

namespace sextant::cuda {

/// A row's softmax over some keys: the maximum of the scores times log2(e), the sum of 2^(score - maximum).
struct SoftmaxState {
  float maximum = -INFINITY, sum = 0;
};
/// What the outputs of two parts are multiplied with before they are added.
struct MergeFactors {
  float left, right;
};

/// `left` becomes the state of both. A part without keys (maximum -inf) changes no bit of the other.
__device__ __forceinline__ MergeFactors merge(SoftmaxState& left, const SoftmaxState& right) {
  const float maximum = fmaxf(left.maximum, right.maximum);
  MergeFactors f{0, 0};
  if (maximum > -INFINITY) f = {exp2f(left.maximum - maximum), exp2f(right.maximum - maximum)};
  left.sum = __fmaf_rn(left.sum, f.left, __fmul_rn(right.sum, f.right));
  left.maximum = maximum;
  return f;
}
__device__ __forceinline__ float merged(float left, float right, MergeFactors f) {
  return __fmaf_rn(left, f.left, __fmul_rn(right, f.right));
}

inline constexpr float log2_e = 1.4426950408889634f;

/// A raw product q.k as a score in powers of two.
__device__ __forceinline__ float score(float product, float scale, float softcap) {
  if (softcap > 0) return __fmul_rn(__fmul_rn(softcap, tanhf(__fmul_rn(product, scale) / softcap)), log2_e);
  return __fmul_rn(product, __fmul_rn(scale, log2_e));
}

}  // namespace sextant::cuda
