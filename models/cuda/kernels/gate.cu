// The activation of the feed-forward part.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr uint32_t threads = 256;

__device__ __forceinline__ float activate(float x, GateFunction function) {
  if (function == GateFunction::silu) return x / (1.0f + expf(-x));
  return 0.5f * x *
         (1.0f + tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)));  // sqrt(2 / pi); Hendrycks and Gimpel 2016
}

template <class T> __global__ void __launch_bounds__(threads) gate_kernel(const Gate<T> a) {
  const uint32_t i = blockIdx.x * threads + threadIdx.x;
  if (i >= a.width) return;
  const T* from = a.gate_up + size_t(blockIdx.y) * 2 * a.width;
  const float gate = to_float(from[i]) + (a.bias ? a.bias[i] : 0.0f);
  const float up = to_float(from[a.width + i]) + (a.bias ? a.bias[a.width + i] : 0.0f);
  a.out[size_t(blockIdx.y) * a.width + i] = from_float<T>(activate(gate, a.function) * up);
}

}  // namespace

template <class T> cudaError_t gate(const Gate<T>& a, cudaStream_t stream) {
  return launch(gate_kernel<T>, dim3((a.width + threads - 1) / threads, a.rows), threads, 0, stream, a);
}
template cudaError_t gate(const Gate<bf16>&, cudaStream_t);
template cudaError_t gate(const Gate<fp16>&, cudaStream_t);
template cudaError_t gate(const Gate<float>&, cudaStream_t);

}  // namespace sextant::cuda
