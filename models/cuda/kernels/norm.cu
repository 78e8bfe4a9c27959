// The residual stream and RMSNorm: one block a row.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

// As many threads as the width needs: which, and so the tree of the sums, depends on the width alone.
// Y: what the norm is written as, T or float.
template <class T, class Y, int threads>
__global__ void __launch_bounds__(threads) residual_norm_kernel(const ResidualNorm<T> a, Y* ret) {
  SHARED_ARRAY(float, add_parts, threads / 32);
  SHARED_ARRAY(float, parts, threads / 32);
  const size_t row = a.gather ? a.gather[blockIdx.x] : blockIdx.x;
  float* x = a.x + row * a.hidden;
  const T* add = a.add ? a.add + row * a.hidden : nullptr;
  const auto joining = [&](uint32_t i) { return to_float(add[i]) + (a.add_bias ? a.add_bias[i] : 0.0f); };
  float add_scale = a.add_scale;
  if (add && a.add_norm) {
    float squares = 0;
    for (uint32_t i = threadIdx.x; i < a.hidden; i += threads) {
      const float v = joining(i);
      squares += v * v;
    }
    add_scale *= rsqrtf(block_sum<threads>(squares, add_parts) / a.hidden + a.epsilon);
  }
  const auto joined = [&](uint32_t i) {
    return add ? x[i] + add_scale * joining(i) * (a.add_norm ? a.add_norm[i] : 1.0f) : x[i];
  };
  // gathered rows may be read by another block, too: x stays as it is, and is put together a second time below
  float squares = 0;
  for (uint32_t i = threadIdx.x; i < a.hidden; i += threads) {
    const float v = joined(i);
    if (add && !a.gather) x[i] = v;
    squares += v * v;
  }
  if (!a.weight) return;
  const float scale = rsqrtf(block_sum<threads>(squares, parts) / a.hidden + a.epsilon);
  Y* y = ret + size_t(blockIdx.x) * a.hidden;
  for (uint32_t i = threadIdx.x; i < a.hidden; i += threads) {
    const float v = a.gather ? joined(i) : x[i];
    y[i] = from_float<Y>(v * scale * a.weight[i]);
  }
}

template <class T, class Y> cudaError_t norm_into(const ResidualNorm<T>& a, Y* ret, cudaStream_t stream) {
  if (a.hidden <= 256) return launch(residual_norm_kernel<T, Y, 32>, dim3(a.rows), 32, 0, stream, a, ret);
  if (a.hidden <= 1024) return launch(residual_norm_kernel<T, Y, 128>, dim3(a.rows), 128, 0, stream, a, ret);
  return launch(residual_norm_kernel<T, Y, 256>, dim3(a.rows), 256, 0, stream, a, ret);
}

}  // namespace

template <class T> cudaError_t residual_norm(const ResidualNorm<T>& a, cudaStream_t stream) {
  return norm_into(a, a.y, stream);
}
template <class T> cudaError_t state_norm(const ResidualNorm<T>& a, float* ret, cudaStream_t stream) {
  return norm_into(a, ret, stream);
}
template cudaError_t residual_norm(const ResidualNorm<bf16>&, cudaStream_t);
template cudaError_t residual_norm(const ResidualNorm<fp16>&, cudaStream_t);
template cudaError_t residual_norm(const ResidualNorm<float>&, cudaStream_t);
template cudaError_t state_norm(const ResidualNorm<bf16>&, float*, cudaStream_t);
template cudaError_t state_norm(const ResidualNorm<fp16>&, float*, cudaStream_t);
template cudaError_t state_norm(const ResidualNorm<float>&, float*, cudaStream_t);

}  // namespace sextant::cuda
