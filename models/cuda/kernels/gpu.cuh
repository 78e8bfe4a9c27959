// What all kernels share: 16-bit floats, reductions in a fixed order, the PTX that has no name in CUDA C++. It is also the only
// place where nvcc and the emulation of the tests (tests/cuda_emulation) differ.
#pragma once
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#ifdef __CUDACC__
#define SHARED_ARRAY(type, name, count) __shared__ type name[count]
#define DYNAMIC_SHARED(type, name)                          \
  extern __shared__ __align__(128) unsigned char dynamic_[]; \
  type* const name = reinterpret_cast<type*>(dynamic_)
#endif

namespace sextant::cuda {

using bf16 = __nv_bfloat16;
using fp16 = __half;

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
__device__ __forceinline__ float to_float(fp16 x) { return __half2float(x); }
template <class T> __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ float from_float<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x) { return __float2bfloat16(x); }
template <> __device__ __forceinline__ fp16 from_float<fp16>(float x) { return __float2half(x); }
template <class T> inline constexpr bool is_bf16 = false;
template <> inline constexpr bool is_bf16<bf16> = true;
/// Two numbers of 16 bits as one of 32, the first in the lower half.
template <class T> __device__ __forceinline__ uint32_t pack(float low, float high) {
  uint32_t bits;
  if constexpr (is_bf16<T>) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    memcpy(&bits, &pair, 4);
  } else {
    const __half2 pair = __floats2half2_rn(low, high);
    memcpy(&bits, &pair, 4);
  }
  return bits;
}

// ---- reductions: the same tree for every row, whatever else runs ----

inline constexpr unsigned all_lanes = 0xffffffffu;

__device__ __forceinline__ float warp_sum(float v) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) v += __shfl_xor_sync(all_lanes, v, distance);
  return v;
}
__device__ __forceinline__ float warp_max(float v) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) v = fmaxf(v, __shfl_xor_sync(all_lanes, v, distance));
  return v;
}
/// The sum over a block of `threads`; every thread gets it. parts: [threads / 32] in shared memory, free again at the next
/// barrier.
template <int threads> __device__ __forceinline__ float block_sum(float v, float* parts) {
  v = warp_sum(v);
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
  __syncthreads();
  float sum = 0;
#pragma unroll
  for (int i = 0; i < threads / 32; ++i) sum += parts[i];
  return sum;
}

// ---- tensor cores and asynchronous copies, sm_80 and later ----

#ifdef CUDA_EMULATION
#define GPU_PLACE , EMULATION_PLACE
#else
#define GPU_PLACE
#endif

/// d [16][8] += a [16][16] * b [16][8], of T's; fragments as in the PTX ISA's mma.m16n8k16.
template <class T>
__device__ __forceinline__ void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1 GPU_PLACE) {
#ifdef CUDA_EMULATION
  const uint32_t b[2] = {b0, b1};
  emulation::mma_16x8x16(d, a, b, !is_bf16<T>, {file, line});
#else
#define MULTIPLY_ADD(type)                                                                                                  \
  asm volatile(                                                                                                             \
      "mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                                      \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1))
  if constexpr (is_bf16<T>) MULTIPLY_ADD("bf16");
  else MULTIPLY_ADD("f16");
#undef MULTIPLY_ADD
#endif
}

/// Four 8 x 8 matrices from shared memory: lane 8 i + r names row r of matrix i.
template <bool transposed>
__device__ __forceinline__ void load_matrices(uint32_t (&ret)[4], const void* row GPU_PLACE) {
#ifdef CUDA_EMULATION
  emulation::load_matrices(ret, row, transposed, {file, line});
#else
  const auto address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(ret[0]), "=r"(ret[1]), "=r"(ret[2]), "=r"(ret[3])
                 : "r"(address));
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(ret[0]), "=r"(ret[1]), "=r"(ret[2]), "=r"(ret[3])
                 : "r"(address));
#endif
}

/// 16 bytes from global to shared memory, both aligned to 16, while the thread goes on; zeros with `there` false.
__device__ __forceinline__ void copy_async(void* to, const void* from, bool there GPU_PLACE) {
#ifdef CUDA_EMULATION
  emulation::copy_async_16(to, from, there ? 16 : 0, file, line);
#else
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(to))),
               "l"(from), "r"(there ? 16 : 0)
               : "memory");
#endif
}
__device__ __forceinline__ void copy_async_commit() {
#ifdef CUDA_EMULATION
  emulation::async_commit();
#else
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
/// Until at most `groups` of this thread's groups are under way.
template <int groups> __device__ __forceinline__ void copy_async_wait() {
#ifdef CUDA_EMULATION
  emulation::copy_async_wait(groups);
#else
  asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
#endif
}

// ---- launching ----

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, unsigned threads, size_t shared, cudaStream_t stream,
                   const Arguments&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

}  // namespace sextant::cuda
