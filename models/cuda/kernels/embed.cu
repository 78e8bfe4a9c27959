// The embedding: a gather of rows.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

template <class T> __global__ void __launch_bounds__(128) embed_kernel(const Embed<T> a) {
  const T* from = a.table + size_t(a.tokens[blockIdx.x]) * a.hidden;
  float* to = a.x + size_t(blockIdx.x) * a.hidden;
  for (uint32_t i = threadIdx.x; i < a.hidden; i += 128) to[i] = a.scale * to_float(from[i]);
}

}  // namespace

template <class T> cudaError_t embed(const Embed<T>& a, cudaStream_t stream) {
  return launch(embed_kernel<T>, dim3(a.rows), 128, 0, stream, a);
}
template cudaError_t embed(const Embed<bf16>&, cudaStream_t);
template cudaError_t embed(const Embed<fp16>&, cudaStream_t);
template cudaError_t embed(const Embed<float>&, cudaStream_t);

}  // namespace sextant::cuda
