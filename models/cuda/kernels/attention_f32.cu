// Attention in float32, for exactness and not for speed: one warp for each row and query head, 32 keys at a time. Tasks, splits
// and partial results as in attention.cu.
#include "gpu.cuh"
#include "kernels.hpp"
#include "splits.cuh"

namespace sextant::cuda {
namespace {

constexpr int warps = 4, head_dim_max = 256, per_lane = head_dim_max / 32;

__global__ void __launch_bounds__(warps * 32) attention_f32_kernel(const Attention<float> a) {
  SHARED_ARRAY(float, queries, warps* head_dim_max);
  SHARED_ARRAY(float, weights, warps * 32);
  const AttentionTask task = a.tasks[blockIdx.x];
  const uint32_t kv_head = blockIdx.y, group = a.heads / a.kv_heads, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  float *query = queries + warp * head_dim_max, *weight = weights + warp * 32;
  const auto place = [&](uint32_t key) {
    return ((size_t(a.pages[task.first_page + key / page_tokens]) * a.kv_heads + kv_head) * page_tokens + key % page_tokens) *
           a.head_dim;
  };
  for (uint32_t i = warp; i < task.rows * group; i += warps) {
    const uint32_t row = a.rows[task.first + i / group], head = kv_head * group + i % group, position = a.positions[row];
    const uint32_t oldest = a.window > 0 && position >= a.window ? position - a.window + 1 : 0;
    const float* from = a.qkv + (size_t(row) * (a.heads + 2 * a.kv_heads) + head) * a.head_dim;
    for (uint32_t d = lane; d < a.head_dim; d += 32) query[d] = from[d];
    __syncwarp();
    float out[per_lane] = {}, total_out[per_lane] = {};
    SoftmaxState state, total;
    const auto finish_split = [&] {
      const MergeFactors f = merge(total, state);
#pragma unroll
      for (int j = 0; j < per_lane; ++j) total_out[j] = merged(total_out[j], out[j], f), out[j] = 0;
      state = SoftmaxState{};
    };
    for (uint32_t first_key = task.key_first; first_key < task.key_end; first_key += 32) {
      const uint32_t key = first_key + lane, count = min(32u, task.key_end - first_key);
      float s = -INFINITY;
      if (key <= position && key >= oldest && key < task.key_end) {
        const float* k = a.keys + place(key);
        float product = 0;
        for (uint32_t d = 0; d < a.head_dim; ++d) product = __fmaf_rn(query[d], k[d], product);
        s = score(product, a.scale, a.softcap);
      }
      const float maximum = fmaxf(state.maximum, warp_max(s));
      const float factor = maximum > -INFINITY ? exp2f(state.maximum - maximum) : 1.0f;
      const float p = maximum > -INFINITY ? exp2f(s - maximum) : 0.0f;
      state.sum = __fmaf_rn(state.sum, factor, warp_sum(p));
      state.maximum = maximum;
      weight[lane] = p;
      __syncwarp();
#pragma unroll
      for (int j = 0; j < per_lane; ++j) out[j] *= factor;
      for (uint32_t k = 0; k < count; ++k) {
        const float* v = a.values + place(first_key + k);
#pragma unroll
        for (int j = 0; j < per_lane; ++j)
          if (j * 32 + lane < a.head_dim) out[j] = __fmaf_rn(weight[k], v[j * 32 + lane], out[j]);
      }
      __syncwarp();
      if ((first_key + 32) % split_keys == 0) finish_split();
    }
    finish_split();
    const size_t partial = (size_t(task.partial) + i / group) * a.heads + head;
    if (task.partial != no_index && lane == 0) a.partial_state[partial] = make_float2(total.maximum, total.sum);
#pragma unroll
    for (int j = 0; j < per_lane; ++j) {
      const uint32_t d = j * 32 + lane;
      if (d >= a.head_dim) continue;
      if (task.partial != no_index) a.partial_out[partial * a.head_dim + d] = total_out[j];
      else a.out[(size_t(row) * a.heads + head) * a.head_dim + d] = total_out[j] / total.sum;
    }
  }
}

}  // namespace

template <> cudaError_t attention(const Attention<float>& a, cudaStream_t stream) {
  return launch(attention_f32_kernel, dim3(a.task_count, a.kv_heads), warps * 32, 0, stream, a);
}

}  // namespace sextant::cuda
