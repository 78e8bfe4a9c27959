// The embedding: a gather of rows.
#include "blocks.cuh"

namespace sextant::cuda {
namespace {

template <class T> __global__ void __launch_bounds__(128) embed_kernel(const Embed<T> a) {
  const size_t token = size_t(a.tokens[blockIdx.x]);
  float* to = a.x + size_t(blockIdx.x) * a.hidden;
  if (a.table) {
    const T* from = a.table + token * a.hidden;
    for (uint32_t i = threadIdx.x; i < a.hidden; i += 128) to[i] = a.scale * to_float(from[i]);
    return;
  }
  each_four<128>(a.blocks.blocks + token * a.blocks.row_bytes, a.hidden, a.blocks.type,
                 [&](uint32_t i, const float(&v)[4], uint32_t there) {
                   for (uint32_t k = 0; k < there; ++k) to[i + k] = a.scale * to_float(from_float<T>(v[k]));
                 });
}

}  // namespace

template <class T> cudaError_t embed(const Embed<T>& a, cudaStream_t stream) {
  return launch(embed_kernel<T>, dim3(a.rows), 128, 0, stream, a);
}
template cudaError_t embed(const Embed<bf16>&, cudaStream_t);
template cudaError_t embed(const Embed<fp16>&, cudaStream_t);
template cudaError_t embed(const Embed<float>&, cudaStream_t);

}  // namespace sextant::cuda
