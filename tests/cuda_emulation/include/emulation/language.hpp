// The words of CUDA C++ that kernels are written in: qualifiers, vector types, the thread's place in its grid.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define CUDA_EMULATION 1
#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)
#define __CUDA_ARCH__ 900
// __shared__ is left undefined on purpose: shared memory is declared through SHARED_ARRAY and DYNAMIC_SHARED, so that every
// block gets memory of its own, poisoned and checked.
#define SHARED_ARRAY(type, name, count) \
  type* const name = static_cast<type*>(::emulation::static_shared(__FILE__, __LINE__, sizeof(type) * (count)))
#define DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(::emulation::dynamic_shared())

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// One operating-system thread runs all kernels; these are set at each switch of fibers.
extern constinit uint3 threadIdx, blockIdx;
extern constinit dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace emulation {
void* dynamic_shared();
void* static_shared(const char* file, int line, size_t bytes);
void atomic_begin();
void atomic_end();
}  // namespace emulation

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline float __expf(float x) { return std::exp(x); }
inline float __logf(float x) { return std::log(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __uint_as_float(unsigned u) {
  float f;
  __builtin_memcpy(&f, &u, 4);
  return f;
}
inline unsigned __float_as_uint(float f) {
  unsigned u;
  __builtin_memcpy(&u, &f, 4);
  return u;
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template <class T>
T __ldg(const T* p) { return *p; }
using std::max;
using std::min;

// An atomic orders memory for the race check no further than the device does: the operation itself is never part of a race.
template <class T, class F>
T atomic_update(T* p, F&& f) {
  emulation::atomic_begin();
  const T old = *p;
  *p = f(old);
  emulation::atomic_end();
  return old;
}
template <class T>
T atomicAdd(T* p, T v) {
  return atomic_update(p, [&](T old) { return static_cast<T>(old + v); });
}
template <class T>
T atomicMax(T* p, T v) {
  return atomic_update(p, [&](T old) { return old < v ? v : old; });
}
template <class T>
T atomicMin(T* p, T v) {
  return atomic_update(p, [&](T old) { return v < old ? v : old; });
}
template <class T>
T atomicExch(T* p, T v) {
  return atomic_update(p, [&](T) { return v; });
}
template <class T>
T atomicCAS(T* p, T compare, T v) {
  return atomic_update(p, [&](T old) { return old == compare ? v : old; });
}
inline void __threadfence() {}
