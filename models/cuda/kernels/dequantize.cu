// A checkpoint's blocks as T.
#include "blocks.cuh"

namespace sextant::cuda {
namespace {

constexpr uint32_t threads = 256;

// One block a row of the result.
template <class T> __global__ void __launch_bounds__(threads) dequantize_kernel(const Dequantize<T> a) {
  SHARED_ARRAY(float, parts, threads / 32);
  uint64_t i = a.first_row + blockIdx.x;
  if (a.paired > 0) {
    const uint64_t head = i / a.head_dim, within = i % a.head_dim, half = a.paired / 2;
    if (within < a.paired) i = head * a.head_dim + (within < half ? 2 * within : 2 * (within - half) + 1);
  }
  const uint8_t* row = a.blocks + (a.first + i / a.run * a.stride + i % a.run - a.first_block_row) * a.row_bytes;
  T* out = a.out + size_t(blockIdx.x) * a.columns;
  float scale = 1;
  if (a.normalise) {
    float squares = 0;
    each_four<threads>(row, a.columns, a.type, [&](uint32_t, const float(&v)[4], uint32_t) {
      for (int k = 0; k < 4; ++k) squares += v[k] * v[k];
    });
    scale = rsqrtf(fmaxf(block_sum<threads>(squares, parts), 1e-24f));
  }
  each_four<threads>(row, a.columns, a.type, [&](uint32_t c, const float(&v)[4], uint32_t there) {
    for (uint32_t k = 0; k < there; ++k) out[c + k] = from_float<T>(a.normalise ? v[k] * scale : v[k]);
  });
}

}  // namespace

template <class T> cudaError_t dequantize(const Dequantize<T>& a, cudaStream_t stream) {
  return launch(dequantize_kernel<T>, dim3(a.rows), threads, 0, stream, a);
}
template cudaError_t dequantize(const Dequantize<bf16>&, cudaStream_t);
template cudaError_t dequantize(const Dequantize<fp16>&, cudaStream_t);
template cudaError_t dequantize(const Dequantize<float>&, cudaStream_t);

}  // namespace sextant::cuda
