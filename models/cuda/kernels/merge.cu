// Attention that was cut into splits, put together in the order of the keys. One block a row and head.
#include "gpu.cuh"
#include "kernels.hpp"
#include "splits.cuh"

namespace sextant::cuda {
namespace {

template <class T> __global__ void __launch_bounds__(128) merge_splits_kernel(const MergeSplits<T> a) {
  const AttentionMerge m = a.merges[blockIdx.x];
  const uint32_t head = blockIdx.y;
  if (m.count == 0) return;
  for (uint32_t d = threadIdx.x; d < a.head_dim; d += 128) {
    SoftmaxState total;
    float out = 0;
    for (uint32_t i = 0; i < m.count; ++i) {
      const size_t partial = (m.first_partial + size_t(i) * m.stride) * a.heads + head;
      const float2 state = a.partial_state[partial];
      const MergeFactors f = merge(total, SoftmaxState{state.x, state.y});
      out = merged(out, a.partial_out[partial * a.head_dim + d], f);
    }
    a.out[(size_t(m.row) * a.heads + head) * a.head_dim + d] = from_float<T>(out / total.sum);
  }
}

}  // namespace

template <class T> cudaError_t merge_splits(const MergeSplits<T>& a, cudaStream_t stream) {
  return launch(merge_splits_kernel<T>, dim3(a.count, a.heads), 128, 0, stream, a);
}
template cudaError_t merge_splits(const MergeSplits<bf16>&, cudaStream_t);
template cudaError_t merge_splits(const MergeSplits<fp16>&, cudaStream_t);
template cudaError_t merge_splits(const MergeSplits<float>&, cudaStream_t);

}  // namespace sextant::cuda
