// Columns that several GPUs computed, one GPU's after the other's as they were gathered, put side by side.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr uint32_t threads = 256;

// One block a row.
template <class T> __global__ void __launch_bounds__(threads) join_columns_kernel(const JoinColumns<T> a) {
  T* to = a.to + size_t(blockIdx.x) * a.width;
  const size_t room = size_t(a.rows) * ((a.units + a.ranks - 1) / a.ranks * a.unit);
  for (uint32_t rank = 0; rank < a.ranks; ++rank) {
    const uint32_t first = min(a.width, a.units * rank / a.ranks * a.unit),
                   last = min(a.width, a.units * (rank + 1) / a.ranks * a.unit);
    const T* from = a.from + rank * room + size_t(blockIdx.x) * (last - first);
    for (uint32_t i = threadIdx.x; i < last - first; i += threads) to[first + i] = from[i];
  }
}

}  // namespace

template <class T> cudaError_t join_columns(const JoinColumns<T>& a, cudaStream_t stream) {
  return launch(join_columns_kernel<T>, dim3(a.rows), threads, 0, stream, a);
}
template cudaError_t join_columns(const JoinColumns<bf16>&, cudaStream_t);
template cudaError_t join_columns(const JoinColumns<fp16>&, cudaStream_t);
template cudaError_t join_columns(const JoinColumns<float>&, cudaStream_t);

}  // namespace sextant::cuda
