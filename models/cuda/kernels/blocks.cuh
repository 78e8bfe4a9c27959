// GGML's block formats in device code: the one place that knows them (models/engine/checkpoint/dequantize.cpp says how each is
// laid out). Products and sums round one after the other, so that the numbers are the engine's bit for bit.
#pragma once
#include "gpu.cuh"
#include "kernels.hpp"

namespace sextant::cuda {

template <BlockType t> struct BlockTag {
  static constexpr BlockType type = t;
};

/// body(BlockTag<type>{}): the format is known when the body is compiled, and asked for once.
template <class Body> __device__ __forceinline__ void with_block_type(BlockType type, Body&& body) {
  switch (type) {
    case BlockType::f32: return body(BlockTag<BlockType::f32>{});
    case BlockType::f16: return body(BlockTag<BlockType::f16>{});
    case BlockType::bf16: return body(BlockTag<BlockType::bf16>{});
    case BlockType::q4_0: return body(BlockTag<BlockType::q4_0>{});
    case BlockType::q4_1: return body(BlockTag<BlockType::q4_1>{});
    case BlockType::q5_0: return body(BlockTag<BlockType::q5_0>{});
    case BlockType::q5_1: return body(BlockTag<BlockType::q5_1>{});
    case BlockType::q8_0: return body(BlockTag<BlockType::q8_0>{});
    case BlockType::q4_k: return body(BlockTag<BlockType::q4_k>{});
    case BlockType::q5_k: return body(BlockTag<BlockType::q5_k>{});
    case BlockType::q6_k: return body(BlockTag<BlockType::q6_k>{});
  }
}

// Rows and blocks begin at even addresses, in some formats at multiples of 4.
__device__ __forceinline__ uint32_t load16(const uint8_t* p) { return *reinterpret_cast<const uint16_t*>(p); }
template <bool at_4> __device__ __forceinline__ uint32_t load32(const uint8_t* p) {
  if constexpr (at_4) return *reinterpret_cast<const uint32_t*>(p);
  else return load16(p) | load16(p + 2) << 16;
}
__device__ __forceinline__ float half_of(uint32_t bits) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(bits)));
}

/// An integer below 2^23 less another small one, exactly, without a conversion: those are slow on a GPU.
__device__ __forceinline__ float integer(uint32_t q, float less = 0) {
  return __fadd_rn(__uint_as_float(0x4b000000u | q), -(8388608.0f + less));
}

// Q4_K and Q5_K: the 6-bit scale and minimum of sub-block `sub`.
__device__ __forceinline__ void scale_and_minimum(const uint8_t* p, uint32_t sub, float& scale, float& minimum) {
  const uint32_t j = sub % 4;
  const uint32_t s = sub < 4 ? p[j] & 63u : (p[8 + j] & 15u) | (p[j] >> 2 & 0x30u);
  const uint32_t m = sub < 4 ? p[4 + j] & 63u : uint32_t(p[8 + j]) >> 4 | (p[4 + j] >> 2 & 0x30u);
  scale = integer(s);
  minimum = integer(m);
}

/// Numbers i .. i + 3 of a row, i a multiple of 4. Of a format without blocks only the first `there` are read, the others are
/// 0.
template <BlockType type>
__device__ __forceinline__ void four_numbers(const uint8_t* row, uint32_t i, float (&ret)[4], uint32_t there = 4) {
  using B = BlockType;
  if constexpr (type == B::f32 || type == B::f16 || type == B::bf16) {
    constexpr uint32_t size = type == B::f32 ? 4 : 2;
#pragma unroll
    for (uint32_t k = 0; k < 4; ++k) {
      const uint8_t* p = row + size_t(i + k) * size;
      if (k >= there) ret[k] = 0;
      else if constexpr (type == B::f32) ret[k] = __uint_as_float(load32<true>(p));
      else if constexpr (type == B::f16) ret[k] = half_of(load16(p));
      else ret[k] = __uint_as_float(load16(p) << 16);
    }
  } else {
    constexpr bool large = type == B::q4_k || type == B::q5_k || type == B::q6_k;
    constexpr bool has_minimum = type == B::q4_1 || type == B::q5_1 || type == B::q4_k || type == B::q5_k;
    constexpr uint32_t bytes = type == B::q4_0   ? 18
                               : type == B::q4_1 ? 20
                               : type == B::q5_0 ? 22
                               : type == B::q5_1 ? 24
                               : type == B::q8_0 ? 34
                               : type == B::q4_k ? 144
                               : type == B::q5_k ? 176
                                                 : 210;
    constexpr bool at_4 = bytes % 4 == 0;
    const uint32_t j = i % 32;
    const uint8_t* p = row + size_t(i / (large ? 256 : 32)) * bytes;
    uint32_t q = 0;  // a byte each
    float scale, minimum = 0, less = 0;
    if constexpr (!large && type != B::q8_0) {
      constexpr bool five = type == B::q5_0 || type == B::q5_1;
      constexpr uint32_t head = has_minimum ? 4 : 2;
      q = load32<at_4>(p + head + (five ? 4 : 0) + j % 16) >> (j / 16 * 4) & 0x0f0f0f0fu;
      if constexpr (five) {
        const uint32_t high = load32<at_4>(p + head) >> j & 15u;
        q |= (high & 1u) << 4 | (high & 2u) << 11 | (high & 4u) << 18 | (high & 8u) << 25;
      }
      scale = half_of(load16(p));
      if constexpr (has_minimum) minimum = half_of(load16(p + 2));
      else less = five ? 16 : 8;
    } else if constexpr (type == B::q8_0) {
      q = load32<at_4>(p + 2 + j) ^ 0x80808080u;
      scale = half_of(load16(p));
      less = 128;
    } else if constexpr (type == B::q6_k) {
      const uint32_t sub = i % 256 / 32;
      const uint32_t low = load32<at_4>(p + sub / 4 * 64 + sub % 2 * 32 + j) >> (sub % 4 / 2 * 4) & 0x0f0f0f0fu;
      const uint32_t high = load32<at_4>(p + 128 + sub / 4 * 32 + j) >> (sub % 4 * 2) & 0x03030303u;
      q = low | high << 4;
      scale = __fmul_rn(half_of(load16(p + 208)), integer(p[192 + 2 * sub + j / 16] ^ 0x80u, 128));
      less = 32;
    } else {
      constexpr bool five = type == B::q5_k;
      const uint32_t sub = i % 256 / 32;
      q = load32<at_4>(p + (five ? 48 : 16) + sub / 2 * 32 + j) >> (sub % 2 * 4) & 0x0f0f0f0fu;
      if constexpr (five) q |= (load32<at_4>(p + 16 + j) >> sub & 0x01010101u) << 4;
      scale_and_minimum(p + 4, sub, scale, minimum);
      scale = __fmul_rn(half_of(load16(p)), scale);
      minimum = -__fmul_rn(half_of(load16(p + 2)), minimum);
    }
#pragma unroll
    for (uint32_t k = 0; k < 4; ++k) {
      ret[k] = __fmul_rn(scale, integer(q >> (8 * k) & 255u, less));
      if constexpr (has_minimum) ret[k] = __fadd_rn(ret[k], minimum);
    }
  }
}

/// body(first column, numbers, how many) for this thread's share of a row, four numbers at a time. All of `threads` call it.
template <uint32_t threads, class Body>
__device__ __forceinline__ void each_four(const uint8_t* row, uint32_t columns, BlockType type, Body&& body) {
  with_block_type(type, [&](auto tag) {
    for (uint32_t c = 4 * threadIdx.x; c < columns; c += 4 * threads) {
      const uint32_t there = min(4u, columns - c);
      float v[4];
      four_numbers<decltype(tag)::type>(row, c, v, there);
      body(c, v, there);
    }
  });
}

}  // namespace sextant::cuda
