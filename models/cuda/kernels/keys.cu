// Queries, keys and values between their product and the attention, and copies of what stands in pages.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr int warps = 4, head_dim_max = 256, per_lane = head_dim_max / 32;

// One block a row, one warp a head at a time. Dimensions i and i + rope_dims / 2 turn together; they meet in shared memory.
template <class T> __global__ void __launch_bounds__(warps * 32) place_keys_kernel(const PlaceKeys<T> a) {
  SHARED_ARRAY(float, heads, warps* head_dim_max);
  const uint32_t row = blockIdx.x, warp = threadIdx.x / 32, lane = threadIdx.x % 32, half = a.rope_dims / 2;
  float* head = heads + warp * head_dim_max;
  const uint32_t slot = a.slot[row];
  if (slot == no_index) return;
  const float2* turn = a.angles ? a.angles + size_t(row) * half : nullptr;
  for (uint32_t h = warp; h < a.heads + 2 * a.kv_heads; h += warps) {
    const bool is_query = h < a.heads, is_value = h >= a.heads + a.kv_heads;
    T* from = a.qkv + (size_t(row) * (a.heads + 2 * a.kv_heads) + h) * a.head_dim;
    float v[per_lane], squares = 0;
#pragma unroll
    for (int j = 0; j < per_lane; ++j) {
      const uint32_t i = j * 32 + lane;
      v[j] = i < a.head_dim ? to_float(from[i]) + (a.bias ? a.bias[h * a.head_dim + i] : 0.0f) : 0.0f;
      squares += v[j] * v[j];
    }
    const float* norm = is_query ? a.q_norm : is_value ? nullptr : a.k_norm;
    if (norm) {
      const float scale = rsqrtf(warp_sum(squares) / a.head_dim + a.epsilon);
#pragma unroll
      for (int j = 0; j < per_lane; ++j)
        if (j * 32 + lane < a.head_dim) v[j] *= scale * norm[j * 32 + lane];
    }
    if (turn && !is_value) {
      __syncwarp();
#pragma unroll
      for (int j = 0; j < per_lane; ++j)
        if (j * 32 + lane < a.head_dim) head[j * 32 + lane] = v[j];
      __syncwarp();
#pragma unroll
      for (int j = 0; j < per_lane; ++j) {
        const uint32_t i = j * 32 + lane;
        if (i < half) v[j] = v[j] * turn[i].x - head[i + half] * turn[i].y;
        else if (i < a.rope_dims) v[j] = v[j] * turn[i - half].x + head[i - half] * turn[i - half].y;
      }
    }
    T* to = from;
    if (!is_query) {
      const uint32_t kv_head = h - a.heads - (is_value ? a.kv_heads : 0);
      to = (is_value ? a.values : a.keys) +
           ((size_t(slot / page_tokens) * a.kv_heads + kv_head) * page_tokens + slot % page_tokens) * a.head_dim;
    }
#pragma unroll
    for (int j = 0; j < per_lane; ++j)
      if (j * 32 + lane < a.head_dim) to[j * 32 + lane] = from_float<T>(v[j]);
  }
}

__global__ void __launch_bounds__(128) angles_kernel(const Angles a) {
  const double* frequencies = a.frequencies + size_t(a.row_class[blockIdx.x]) * a.half;
  for (uint32_t i = threadIdx.x; i < a.half; i += 128) {
    const double angle = a.positions[blockIdx.x] * frequencies[i];
    a.out[size_t(blockIdx.x) * a.half + i] = make_float2(float(a.magnitude * cos(angle)), float(a.magnitude * sin(angle)));
  }
}

// grid: copies, layers
template <class T> __global__ void __launch_bounds__(128) copy_slots_kernel(const CopySlots<T> a) {
  const SlotCopy copy = a.copies[blockIdx.x];
  const uint32_t run = copy.tokens * a.head_dim;  // a head's tokens stand together
  const auto place = [&](uint32_t slot, uint32_t kv_head) {
    return blockIdx.y * a.layer_stride +
           ((size_t(slot / page_tokens) * a.kv_heads + kv_head) * page_tokens + slot % page_tokens) * a.head_dim;
  };
  for (uint32_t i = threadIdx.x; i < a.kv_heads * run; i += 128) {
    const size_t from = place(copy.from, i / run) + i % run, to = place(copy.to, i / run) + i % run;
    a.keys[to] = a.keys[from];
    a.values[to] = a.values[from];
  }
}

}  // namespace

template <class T> cudaError_t place_keys(const PlaceKeys<T>& a, cudaStream_t stream) {
  return launch(place_keys_kernel<T>, dim3(a.rows), warps * 32, 0, stream, a);
}
template cudaError_t place_keys(const PlaceKeys<bf16>&, cudaStream_t);
template cudaError_t place_keys(const PlaceKeys<fp16>&, cudaStream_t);
template cudaError_t place_keys(const PlaceKeys<float>&, cudaStream_t);

cudaError_t angles(const Angles& a, cudaStream_t stream) {
  return launch(angles_kernel, dim3(a.rows), 128, 0, stream, a);
}

template <class T> cudaError_t copy_slots(const CopySlots<T>& a, cudaStream_t stream) {
  return launch(copy_slots_kernel<T>, dim3(a.count, a.layers), 128, 0, stream, a);
}
template cudaError_t copy_slots(const CopySlots<bf16>&, cudaStream_t);
template cudaError_t copy_slots(const CopySlots<fp16>&, cudaStream_t);
template cudaError_t copy_slots(const CopySlots<float>&, cudaStream_t);

}  // namespace sextant::cuda
