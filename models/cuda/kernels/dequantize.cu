// A checkpoint's blocks as T. The formats are GGML's (models/engine/checkpoint/dequantize.cpp says how each is laid out); products and
// sums round one after the other, so that float32 results are the engine's bit for bit.
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {
namespace {

constexpr int threads = 256;

__device__ __forceinline__ uint32_t load16(const uint8_t* p) { return p[0] | uint32_t(p[1]) << 8; }
__device__ __forceinline__ uint32_t load32(const uint8_t* p) { return load16(p) | load16(p + 2) << 16; }
__device__ __forceinline__ float load_half(const uint8_t* p) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(load16(p))));
}
__device__ __forceinline__ float scaled(float scale, int q) { return __fmul_rn(scale, float(q)); }
__device__ __forceinline__ float scaled(float scale, int q, float minimum) { return __fadd_rn(scaled(scale, q), minimum); }

// Q4_K and Q5_K: the 6-bit scale and minimum of sub-block `sub`.
__device__ __forceinline__ void scale_and_minimum(const uint8_t* p, int sub, float& scale, float& minimum) {
  const int j = sub % 4;
  const uint32_t s = sub < 4 ? p[j] & 63u : (p[8 + j] & 15u) | (p[j] >> 2 & 0x30u);
  const uint32_t m = sub < 4 ? p[4 + j] & 63u : uint32_t(p[8 + j]) >> 4 | (p[4 + j] >> 2 & 0x30u);
  scale = float(s);
  minimum = float(m);
}

// Number i of a row.
__device__ float number(const uint8_t* row, uint32_t i, BlockType type) {
  const uint32_t small = i / 32, j = i % 32, large = i / 256, sub = i % 256 / 32;
  const auto nibble = [&](const uint8_t* q) { return int(q[j % 16] >> (j / 16 * 4) & 15); };
  switch (type) {
    case BlockType::f32: return __uint_as_float(load32(row + 4 * size_t(i)));
    case BlockType::f16: return load_half(row + 2 * size_t(i));
    case BlockType::bf16: return __uint_as_float(load16(row + 2 * size_t(i)) << 16);
    case BlockType::q4_0: {
      const uint8_t* p = row + small * size_t(18);
      return scaled(load_half(p), nibble(p + 2) - 8);
    }
    case BlockType::q4_1: {
      const uint8_t* p = row + small * size_t(20);
      return scaled(load_half(p), nibble(p + 4), load_half(p + 2));
    }
    case BlockType::q5_0: {
      const uint8_t* p = row + small * size_t(22);
      return scaled(load_half(p), (nibble(p + 6) | int(load32(p + 2) >> j & 1) << 4) - 16);
    }
    case BlockType::q5_1: {
      const uint8_t* p = row + small * size_t(24);
      return scaled(load_half(p), nibble(p + 8) | int(load32(p + 4) >> j & 1) << 4, load_half(p + 2));
    }
    case BlockType::q8_0: {
      const uint8_t* p = row + small * size_t(34);
      return scaled(load_half(p), int(static_cast<signed char>(p[2 + j])));
    }
    case BlockType::q4_k: case BlockType::q5_k: {
      const bool five = type == BlockType::q5_k;
      const uint8_t* p = row + large * size_t(five ? 176 : 144);
      float scale, minimum;
      scale_and_minimum(p + 4, int(sub), scale, minimum);
      int q = p[(five ? 48 : 16) + sub / 2 * 32 + j] >> (sub % 2 * 4) & 15;
      if (five) q |= int(p[16 + j] >> sub & 1) << 4;
      return scaled(__fmul_rn(load_half(p), scale), q, -__fmul_rn(load_half(p + 2), minimum));
    }
    case BlockType::q6_k: {
      const uint8_t* p = row + large * size_t(210);
      const uint8_t *low = p + sub / 4 * 64 + sub % 2 * 32, *high = p + 128 + sub / 4 * 32;
      const float scale = __fmul_rn(load_half(p + 208), float(static_cast<signed char>(p[192 + 2 * sub + j / 16])));
      return scaled(scale, int((low[j] >> (sub % 4 / 2 * 4) & 15) | (high[j] >> (sub % 4 * 2) & 3) << 4) - 32);
    }
  }
  return 0;
}

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
    for (uint32_t c = threadIdx.x; c < a.columns; c += threads) {
      const float v = number(row, c, a.type);
      squares += v * v;
    }
    scale = rsqrtf(fmaxf(block_sum<threads>(squares, parts), 1e-24f));
  }
  for (uint32_t c = threadIdx.x; c < a.columns; c += threads) {
    const float v = number(row, c, a.type);
    out[c] = from_float<T>(a.normalise ? v * scale : v);
  }
}

}  // namespace

template <class T> cudaError_t dequantize(const Dequantize<T>& a, cudaStream_t stream) {
  return launch(dequantize_kernel<T>, dim3(a.rows), threads, 0, stream, a);
}
template cudaError_t dequantize(const Dequantize<bf16>&, cudaStream_t);
template cudaError_t dequantize(const Dequantize<fp16>&, cudaStream_t);
template cudaError_t dequantize(const Dequantize<float>&, cudaStream_t);

}  // namespace sextant::cuda
