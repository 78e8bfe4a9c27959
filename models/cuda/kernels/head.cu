// The output head: logits come in chunks of the vocabulary and are folded into a running log-sum-exp, the best id, and the
// targets' logits. [rows][vocab] never exists.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr int threads = 256;

// What is known of some ids joins what is known of the ids before them. Rounded step by step: two kernels must get the same
// bits.
__device__ __forceinline__ void join(HeadState& state, const HeadState& next) {
  if (next.maximum > state.maximum) {
    if (state.maximum > -INFINITY) state.sum = __dmul_rn(state.sum, exp(double(state.maximum) - next.maximum));
    state = {__dadd_rn(state.sum, next.sum), next.maximum, next.best};
  } else {
    const bool any = next.maximum > -INFINITY;
    state.sum = __dadd_rn(state.sum, any ? __dmul_rn(next.sum, exp(double(next.maximum) - state.maximum)) : next.sum);
  }
}

// One block a row. The maximum does not depend on an order; the sum is a thread's ids in ascending order, then a fixed tree.
__global__ void __launch_bounds__(threads) head_chunk_kernel(const HeadChunk a) {
  SHARED_ARRAY(float, parts, threads / 32);
  SHARED_ARRAY(float, maxima, threads);
  SHARED_ARRAY(uint32_t, places, threads);
  const HeadTask task = a.tasks[blockIdx.x];
  const float* logits = a.logits + size_t(blockIdx.x) * a.stride;
  const engine::Adjustment* adjustments = a.adjustments + task.first_adjustment;
  const auto value = [&](uint32_t i) {
    const float raw = a.scale * logits[i], v = a.softcap > 0 ? a.softcap * tanhf(raw / a.softcap) : raw;
    uint32_t low = 0, high = task.adjustment_count;  // the id's adjustment, if it has one
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (uint32_t(adjustments[middle].id) < a.first_id + i) low = middle + 1;
      else high = middle;
    }
    const bool found = low < task.adjustment_count && uint32_t(adjustments[low].id) == a.first_id + i;
    return found ? engine::draw::adjusted(v, adjustments[low]) : v;
  };
  const auto impossible = [&](uint32_t i) {
    bool found = false;
    for (uint32_t e = 0; task.forbid_end && e < a.end_count; ++e) found |= uint32_t(a.end[e]) == a.first_id + i;
    return found;
  };
  for (uint32_t t = threadIdx.x; t < task.target_count; t += threads) {
    const uint32_t id = uint32_t(a.targets[task.first_target + t]) - a.first_id;  // wraps below first_id
    if (id < a.ids) a.target_logits[task.first_target + t] = value(id);
  }
  float maximum = -INFINITY;
  uint32_t place = 0;
  for (uint32_t i = threadIdx.x; i < a.ids; i += threads) {
    const float v = value(i);
    if (v > maximum && !impossible(i)) maximum = v, place = i;
  }
  maxima[threadIdx.x] = maximum;
  places[threadIdx.x] = place;
  __syncthreads();
  for (uint32_t step = threads / 2; step > 0; step /= 2) {
    if (threadIdx.x < step) {
      const float other = maxima[threadIdx.x + step];
      const uint32_t other_place = places[threadIdx.x + step];
      if (other > maxima[threadIdx.x] || (other == maxima[threadIdx.x] && other_place < places[threadIdx.x]))
        maxima[threadIdx.x] = other, places[threadIdx.x] = other_place;
    }
    __syncthreads();
  }
  maximum = maxima[0];
  float sum = 0;
  for (uint32_t i = threadIdx.x; i < a.ids; i += threads) {
    const float v = value(i);
    if (v != v) sum = v;  // what is not a number makes the row none, also where nothing else is there
    else if (maximum > -INFINITY && !impossible(i)) sum += expf(v - maximum);
  }
  sum = block_sum<threads>(sum, parts);
  if (threadIdx.x == 0) {
    HeadState state = a.alone || a.first_id == 0 ? HeadState{0, -INFINITY, 0} : a.state[blockIdx.x];
    join(state, {sum, maximum, int32_t(a.first_id + places[0])});
    a.state[blockIdx.x] = state;
  }
  if (task.kept_row != no_index)
    for (uint32_t i = threadIdx.x; i < a.ids; i += threads) a.kept[size_t(task.kept_row) * a.kept_stride + i] = value(i);
}

// One thread a row.
__global__ void __launch_bounds__(threads) join_states_kernel(const JoinStates a) {
  const uint32_t row = blockIdx.x * threads + threadIdx.x;
  if (row >= a.rows) return;
  HeadState state{0, -INFINITY, 0};
  for (uint32_t rank = 0; rank < a.ranks; ++rank) {
    const uint32_t count = a.chunks * (rank + 1) / a.ranks - a.chunks * rank / a.ranks;
    for (uint32_t c = 0; c < count; ++c) join(state, a.from[(size_t(rank) * a.chunks_most + c) * a.rows + row]);
  }
  a.state[row] = state;
}

}  // namespace

cudaError_t head_chunk(const HeadChunk& a, cudaStream_t stream) {
  return launch(head_chunk_kernel, dim3(a.rows), threads, 0, stream, a);
}
cudaError_t join_states(const JoinStates& a, cudaStream_t stream) {
  return launch(join_states_kernel, dim3((a.rows + threads - 1) / threads), threads, 0, stream, a);
}

}  // namespace sextant::cuda
