// A mixture of experts: who is asked (one warp a row), rows to the experts, and their answers back in a fixed order.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr int experts_max = 256, used_max = 16, per_lane = experts_max / 32;

__global__ void __launch_bounds__(32) route_kernel(const Route a) {
  const uint32_t lane = threadIdx.x;
  const float* logits = a.logits + size_t(blockIdx.x) * a.experts;
  float v[per_lane], maximum = -INFINITY;
#pragma unroll
  for (int j = 0; j < per_lane; ++j) {
    v[j] = j * 32 + lane < a.experts ? logits[j * 32 + lane] : -INFINITY;
    maximum = fmaxf(maximum, v[j]);
  }
  maximum = warp_max(maximum);
  float sum = 0;
#pragma unroll
  for (int j = 0; j < per_lane; ++j) {
    v[j] = v[j] > -INFINITY ? expf(v[j] - maximum) : -1.0f;  // -1: not there, or taken
    sum += fmaxf(v[j], 0.0f);
  }
  sum = warp_sum(sum);
  float weights[used_max] = {}, used_sum = 0;
  uint32_t chosen[used_max] = {};
#pragma unroll
  for (int k = 0; k < used_max; ++k) {
    if (k >= int(a.used)) break;
    float best = -1;
    uint32_t index = experts_max;
#pragma unroll
    for (int j = 0; j < per_lane; ++j)
      if (v[j] > best) best = v[j], index = j * 32 + lane;
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
      const float other = __shfl_xor_sync(all_lanes, best, distance);
      const uint32_t other_index = __shfl_xor_sync(all_lanes, index, distance);
      if (other > best || (other == best && other_index < index)) best = other, index = other_index;
    }
#pragma unroll
    for (int j = 0; j < per_lane; ++j)
      if (j * 32 + lane == index) v[j] = -1;
    weights[k] = best / sum;
    used_sum += weights[k];
    chosen[k] = index;
  }
  if (lane > 0) return;
#pragma unroll
  for (int k = 0; k < used_max; ++k) {
    if (k >= int(a.used)) break;
    uint32_t place = 0;
#pragma unroll
    for (int other = 0; other < used_max; ++other) place += other < int(a.used) && chosen[other] < chosen[k];
    a.chosen[size_t(blockIdx.x) * a.used + place] = chosen[k];
    a.weights[size_t(blockIdx.x) * a.used + place] = a.normalise ? weights[k] / used_sum : weights[k];
  }
}

template <class T> __global__ void __launch_bounds__(128) gather_rows_kernel(const GatherRows<T> a) {
  const T* from = a.from + size_t(a.source[blockIdx.x] / a.group) * a.width;
  for (uint32_t i = threadIdx.x; i < a.width; i += 128) a.to[size_t(blockIdx.x) * a.width + i] = from[i];
}

template <class T> __global__ void __launch_bounds__(128) combine_experts_kernel(const CombineExperts<T> a) {
  const size_t first = size_t(blockIdx.x) * a.used;
  for (uint32_t i = threadIdx.x; i < a.width; i += 128) {
    float sum = 0;
    for (uint32_t k = 0; k < a.used; ++k)
      sum = __fmaf_rn(a.weights[first + k], to_float(a.from[size_t(a.place[first + k]) * a.width + i]), sum);
    a.out[size_t(blockIdx.x) * a.width + i] = from_float<T>(sum);
  }
}

}  // namespace

cudaError_t route(const Route& a, cudaStream_t stream) {
  if (a.experts > experts_max || a.used > used_max) return cudaErrorInvalidValue;
  return launch(route_kernel, dim3(a.rows), 32, 0, stream, a);
}
template <class T> cudaError_t gather_rows(const GatherRows<T>& a, cudaStream_t stream) {
  return launch(gather_rows_kernel<T>, dim3(a.rows), 128, 0, stream, a);
}
template cudaError_t gather_rows(const GatherRows<bf16>&, cudaStream_t);
template cudaError_t gather_rows(const GatherRows<fp16>&, cudaStream_t);
template cudaError_t gather_rows(const GatherRows<float>&, cudaStream_t);
template <class T> cudaError_t combine_experts(const CombineExperts<T>& a, cudaStream_t stream) {
  return launch(combine_experts_kernel<T>, dim3(a.rows), 128, 0, stream, a);
}
template cudaError_t combine_experts(const CombineExperts<bf16>&, cudaStream_t);
template cudaError_t combine_experts(const CombineExperts<fp16>&, cudaStream_t);
template cudaError_t combine_experts(const CombineExperts<float>&, cudaStream_t);

}  // namespace sextant::cuda
