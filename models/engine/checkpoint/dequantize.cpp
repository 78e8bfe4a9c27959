// Written so that the compiler vectorises the inner loops for whatever machine it builds for. The product and the sum must
// stay two roundings: the library is compiled with -ffp-contract=off.
#include "dequantize.hpp"
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

namespace sextant::engine {
namespace {

using Bytes = const uint8_t*;

uint16_t load16(Bytes p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
uint32_t load32(Bytes p) { return load16(p) | static_cast<uint32_t>(load16(p + 2)) << 16; }
float load_half(Bytes p) { return half_to_float(load16(p)); }

// 16 bytes: low nibbles are numbers 0..15, high ones 16..31. A copy of their own: what is written might lie over what is read.
struct Nibbles {
  int8_t number[32];
  explicit Nibbles(Bytes p) {
    for (int j = 0; j < 16; ++j) number[j] = static_cast<int8_t>(p[j] & 15);
    for (int j = 0; j < 16; ++j) number[j + 16] = static_cast<int8_t>(p[j] >> 4);
  }
};

// block: [half d][16 bytes: nibble j = number j, high nibbles = numbers 16..31]
void q4_0(Bytes p, float* out) {
  const float d = load_half(p);
  const Nibbles n(p + 2);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(n.number[j] - 8);
}

// [half d][half m][16 bytes]
void q4_1(Bytes p, float* out) {
  const float d = load_half(p), m = load_half(p + 2);
  const Nibbles n(p + 4);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(n.number[j]) + m;
}

// the fifth bit of number k is bit k of `high`
int with_fifth_bit(int nibble, uint32_t high, int k) { return nibble | static_cast<int>((high >> k & 1) << 4); }

// [half d][4 bytes: fifth bits][16 bytes]
void q5_0(Bytes p, float* out) {
  const float d = load_half(p);
  const uint32_t high = load32(p + 2);
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>(with_fifth_bit(p[6 + j] & 15, high, j) - 16);
    out[j + 16] = d * static_cast<float>(with_fifth_bit(p[6 + j] >> 4, high, j + 16) - 16);
  }
}

// [half d][half m][4 bytes: fifth bits][16 bytes]
void q5_1(Bytes p, float* out) {
  const float d = load_half(p), m = load_half(p + 2);
  const uint32_t high = load32(p + 4);
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>(with_fifth_bit(p[8 + j] & 15, high, j)) + m;
    out[j + 16] = d * static_cast<float>(with_fifth_bit(p[8 + j] >> 4, high, j + 16)) + m;
  }
}

// [half d][32 signed bytes]
void q8_0(Bytes p, float* out) {
  const float d = load_half(p);
  for (int j = 0; j < 32; ++j) out[j] = static_cast<float>(static_cast<int8_t>(p[2 + j])) * d;
}

// Q4_K and Q5_K: eight pairs of 6-bit scale and minimum in 12 bytes; the upper two bits of pairs 4..7 sit in bytes 0..7.
struct ScaleMin {
  std::array<uint8_t, 8> scale, min;
};
ScaleMin unpack_scales(Bytes p) {
  ScaleMin s{};
  for (size_t j = 0; j < 4; ++j) {
    s.scale[j] = p[j] & 0x3F;
    s.min[j] = p[4 + j] & 0x3F;
    s.scale[4 + j] = static_cast<uint8_t>((p[8 + j] & 0x0F) | (p[j] >> 2 & 0x30));
    s.min[4 + j] = static_cast<uint8_t>(p[8 + j] >> 4 | (p[4 + j] >> 2 & 0x30));
  }
  return s;
}

// [half d][half dmin][12 bytes: scales][128 bytes: per 32 of them, low nibbles one sub-block, high nibbles the next]
void q4_k(Bytes p, float* out) {
  const float d = load_half(p), dmin = load_half(p + 2);
  const ScaleMin s = unpack_scales(p + 4);
  for (size_t sub = 0; sub < 8; ++sub, out += 32) {
    const Bytes q = p + 16 + sub / 2 * 32;
    const int shift = sub % 2 * 4;
    const float scale = d * s.scale[sub], minimum = dmin * s.min[sub];
    for (int j = 0; j < 32; ++j) out[j] = scale * static_cast<float>(q[j] >> shift & 15) - minimum;
  }
}

// [half d][half dmin][12 bytes: scales][32 bytes: bit `sub` of byte j = fifth bit][128 bytes as in Q4_K]
void q5_k(Bytes p, float* out) {
  const float d = load_half(p), dmin = load_half(p + 2);
  const ScaleMin s = unpack_scales(p + 4);
  const Bytes high = p + 16;
  for (size_t sub = 0; sub < 8; ++sub, out += 32) {
    const Bytes q = p + 48 + sub / 2 * 32;
    const int shift = sub % 2 * 4;
    const float scale = d * s.scale[sub], minimum = dmin * s.min[sub];
    for (int j = 0; j < 32; ++j) {
      out[j] = scale * static_cast<float>((q[j] >> shift & 15) | (high[j] >> sub & 1) << 4) - minimum;
    }
  }
}

// [128 bytes: low four bits][64 bytes: upper two bits][16 signed scales][half d]; sub-blocks of 32 share 16-wide scales
void q6_k(Bytes p, float* out) {
  const float d = load_half(p + 208);
  for (size_t sub = 0; sub < 8; ++sub, out += 32) {
    const Bytes low = p + sub / 4 * 64 + sub % 2 * 32, high = p + 128 + sub / 4 * 32;
    const int low_shift = sub % 4 / 2 * 4, high_shift = static_cast<int>(sub % 4 * 2);
    for (size_t half = 0; half < 2; ++half) {
      const float scale = d * static_cast<float>(static_cast<int8_t>(p[192 + 2 * sub + half]));
      for (size_t j = 16 * half; j < 16 * half + 16; ++j) {
        out[j] = scale * static_cast<float>(((low[j] >> low_shift & 15) | (high[j] >> high_shift & 3) << 4) - 32);
      }
    }
  }
}

// [16 bytes: nibbles of a scale and a minimum for 16 numbers each][64 bytes: per 32 of them, four sub-blocks of two bits][half
// d][half dmin]
void q2_k(Bytes p, float* out) {
  const float d = load_half(p + 80), dmin = load_half(p + 82);
  for (size_t sub = 0; sub < 16; ++sub, out += 16) {
    const Bytes q = p + 16 + sub / 8 * 32 + sub % 2 * 16;
    const int shift = static_cast<int>(sub % 8 / 2 * 2);
    const float scale = d * static_cast<float>(p[sub] & 15), minimum = dmin * static_cast<float>(p[sub] >> 4);
    for (int j = 0; j < 16; ++j) out[j] = scale * static_cast<float>(q[j] >> shift & 3) - minimum;
  }
}

// [32 bytes: bit `sub / 2` of byte j = the third bit, inverted][64 bytes as in Q2_K][12 bytes: 6-bit scales][half d]. Of scale
// `sub` the low four bits are nibble sub / 8 of byte sub % 8, the upper two in byte 8 + sub % 4.
void q3_k(Bytes p, float* out) {
  const float d = load_half(p + 108);
  const Bytes scales = p + 96;
  for (size_t sub = 0; sub < 16; ++sub, out += 16) {
    const Bytes q = p + 32 + sub / 8 * 32 + sub % 2 * 16, high = p + sub % 2 * 16;
    const int shift = static_cast<int>(sub % 8 / 2 * 2);
    const int s = (scales[sub % 8] >> sub / 8 * 4 & 15) | (scales[8 + sub % 4] >> sub / 4 * 2 & 3) << 4;
    const float scale = d * static_cast<float>(s - 32);
    for (int j = 0; j < 16; ++j)
      out[j] = scale * static_cast<float>((q[j] >> shift & 3) - (high[j] >> sub / 2 & 1 ? 0 : 4));
  }
}

// The sixteen numbers that IQ4's nibbles stand for, denser near zero: ggml's kvalues_iq4nl.
constexpr int8_t iq4_numbers[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void looked_up(const int8_t (&numbers)[16], float scale, Bytes nibbles, float* out) {
  const Nibbles n(nibbles);
  for (int j = 0; j < 32; ++j) out[j] = scale * static_cast<float>(numbers[n.number[j]]);
}

// [half d][16 bytes]
void iq4_nl(Bytes p, float* out) { looked_up(iq4_numbers, load_half(p), p + 2, out); }

// [half d][2 bytes: upper two bits of eight scales][4 bytes: their low four bits][128 bytes: 16 for each sub-block of 32]
void iq4_xs(Bytes p, float* out) {
  const float d = load_half(p);
  const int high = load16(p + 2);
  for (int sub = 0; sub < 8; ++sub, out += 32) {
    const int s = (p[4 + sub / 2] >> sub % 2 * 4 & 15) | (high >> 2 * sub & 3) << 4;
    looked_up(iq4_numbers, d * static_cast<float>(s - 32), p + 8 + 16 * sub, out);
  }
}

// [1 byte: the exponent e of the scale 2^(e - 128)][16 bytes: sign, two bits of exponent, one of mantissa, of twice the number]
void mxfp4(Bytes p, float* out) {
  constexpr int8_t numbers[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
  const uint32_t e = p[0];
  looked_up(numbers, std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23), p + 1, out);
}

template <void (*decode)(Bytes, float*)> void each_block(Bytes p, float* out, size_t n, const BlockFormat& format) {
  for (size_t i = 0; i < n; i += format.elements, p += format.bytes) decode(p, out + i);
}

}  // namespace

const BlockFormat& block_format(TensorType type) {
  static constexpr BlockFormat formats[] = {
      {"F32", 1, 4},    {"F16", 1, 2},    {"BF16", 1, 2},   {"Q4_0", 32, 18},  {"Q4_1", 32, 20},  {"Q5_0", 32, 22},
      {"Q5_1", 32, 24}, {"Q8_0", 32, 34}, {"Q4_K", 256, 144}, {"Q5_K", 256, 176}, {"Q6_K", 256, 210},
      {"Q2_K", 256, 84}, {"Q3_K", 256, 110}, {"IQ4_NL", 32, 18}, {"IQ4_XS", 256, 136}, {"MXFP4", 32, 17},
  };
  return formats[static_cast<size_t>(type)];
}

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, magnitude = half & 0x7FFF;
  if (magnitude >= 0x7C00) return std::bit_cast<float>(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
  // as a float, the shifted pattern is the value times 2^-112; exact for normal and subnormal halves alike
  const float value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
}

void dequantize(TensorType type, const std::byte* blocks, float* out, size_t n) {
  const BlockFormat& format = block_format(type);
  assert(n % format.elements == 0);
  const Bytes p = reinterpret_cast<Bytes>(blocks);
  switch (type) {
    case TensorType::f32: if (n > 0) std::memcpy(out, p, 4 * n); return;
    case TensorType::f16: for (size_t i = 0; i < n; ++i) out[i] = load_half(p + 2 * i); return;
    case TensorType::bf16:
      for (size_t i = 0; i < n; ++i) out[i] = std::bit_cast<float>(static_cast<uint32_t>(load16(p + 2 * i)) << 16);
      return;
    case TensorType::q4_0: return each_block<q4_0>(p, out, n, format);
    case TensorType::q4_1: return each_block<q4_1>(p, out, n, format);
    case TensorType::q5_0: return each_block<q5_0>(p, out, n, format);
    case TensorType::q5_1: return each_block<q5_1>(p, out, n, format);
    case TensorType::q8_0: return each_block<q8_0>(p, out, n, format);
    case TensorType::q4_k: return each_block<q4_k>(p, out, n, format);
    case TensorType::q5_k: return each_block<q5_k>(p, out, n, format);
    case TensorType::q6_k: return each_block<q6_k>(p, out, n, format);
    case TensorType::q2_k: return each_block<q2_k>(p, out, n, format);
    case TensorType::q3_k: return each_block<q3_k>(p, out, n, format);
    case TensorType::iq4_nl: return each_block<iq4_nl>(p, out, n, format);
    case TensorType::iq4_xs: return each_block<iq4_xs>(p, out, n, format);
    case TensorType::mxfp4: return each_block<mxfp4>(p, out, n, format);
  }
}

void read_row(const Tensor& tensor, uint64_t row, float* out) {
  const BlockFormat& format = block_format(tensor.type);
  const size_t columns = tensor.columns();
  dequantize(tensor.type, tensor.bytes.data() + row * (columns / format.elements) * format.bytes, out, columns);
  if (!tensor.added) return;
  const LowRank& added = *tensor.added;
  std::vector<float> sum(columns, 0.0f);
  for (uint64_t k = 0; k < added.rank; ++k) {
    const float b = added.b[row * added.rank + k];
    const float* a = added.a.data() + k * columns;
    for (size_t i = 0; i < columns; ++i) sum[i] += b * a[i];
  }
  for (size_t i = 0; i < columns; ++i) out[i] += added.scale * sum[i];
  if (added.magnitude.empty()) return;
  double squares = 0;
  for (size_t i = 0; i < columns; ++i) squares += static_cast<double>(out[i]) * out[i];
  const float stretch = added.magnitude[row] / static_cast<float>(std::sqrt(squares));
  for (size_t i = 0; i < columns; ++i) out[i] *= stretch;
}

}  // namespace sextant::engine
