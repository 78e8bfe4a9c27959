// Packing of weights: once for all instruction sets.
#include "matmul.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include "../engine/checkpoint/dequantize.hpp"
#include "half.hpp"
#include "int8.hpp"

namespace sextant::cpu {
namespace {

// The 32 numbers of a row from `first` on, zeros beyond k.
void block_of(const float* row, uint32_t first, uint32_t k, float (&ret)[depth_step]) {
  for (uint32_t i = 0; i < depth_step; ++i) ret[i] = first + i < k ? row[first + i] : 0;
}

float largest(const float (&x)[depth_step]) {
  float lanes[8] = {};
  for (uint32_t i = 0; i < depth_step; i += 8)
    for (uint32_t j = 0; j < 8; ++j) lanes[j] = std::max(lanes[j], std::abs(x[i + j]));
  return std::max(std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3])),
                  std::max(std::max(lanes[4], lanes[5]), std::max(lanes[6], lanes[7])));
}

// To the nearest integer, ties to even: in the low bits after 1.5 * 2^23 is added. |x| is far below 2^22.
int32_t nearest(float x) { return std::bit_cast<int32_t>(x + 12582912.f) - std::bit_cast<int32_t>(12582912.f); }

// `together` inputs, in pairs, of `columns` columns, then those of the next columns, then the next inputs
void pack_bf16(const float* rows, uint32_t k, uint32_t together, uint32_t columns, uint16_t* to) {
  for (uint32_t step = 0; step < k; step += together)
    for (uint32_t strip = 0; strip < panel_columns; strip += columns)
      for (uint32_t i = step; i < step + together; i += 2)
        for (uint32_t n = strip; n < strip + columns; ++n)
          for (uint32_t j = i; j < i + 2; ++j) *to++ = j < k ? to_bf16(rows[size_t{n} * k + j]) : uint16_t{0};
}

void pack_f32(const float* rows, uint32_t k, uint32_t columns, float* to) {
  for (uint32_t strip = 0; strip < panel_columns; strip += columns)
    for (uint32_t i = 0; i < k; ++i)
      for (uint32_t n = strip; n < strip + columns; ++n) *to++ = rows[size_t{n} * k + i];
}

}  // namespace

size_t panel_bytes(PanelFormat format, uint32_t k) {
  const size_t depth = padded_depth(k), blocks = depth / depth_step;
  switch (format) {
    case PanelFormat::f32:
    case PanelFormat::f32_strips: return size_t{k} * panel_columns * sizeof(float);
    case PanelFormat::bf16:
    case PanelFormat::bf16_tiles: return depth * panel_columns * sizeof(uint16_t);
    case PanelFormat::q8: return blocks * q8_block_bytes;
    case PanelFormat::q4: return blocks * q4_block_bytes;
    case PanelFormat::slices: return blocks * slices_block_bytes;
  }
  return 0;
}

void pack_panel(PanelFormat format, const float* rows, uint32_t k, void* panel) {
  switch (format) {
    case PanelFormat::f32: return pack_f32(rows, k, panel_columns, static_cast<float*>(panel));
    case PanelFormat::f32_strips: return pack_f32(rows, k, strip_columns, static_cast<float*>(panel));
    case PanelFormat::bf16: return pack_bf16(rows, k, padded_depth(k), panel_columns, static_cast<uint16_t*>(panel));
    case PanelFormat::bf16_tiles: return pack_bf16(rows, k, depth_step, strip_columns, static_cast<uint16_t*>(panel));
    case PanelFormat::q8:
    case PanelFormat::q4:
    case PanelFormat::slices: break;  // row by row
  }
}

void pack_row_q8(const float* row, uint32_t k, uint32_t column, void* panel) {
  for (uint32_t b = 0; b < padded_depth(k) / depth_step; ++b) {
    float x[depth_step];
    block_of(row, b * depth_step, k, x);
    const uint16_t scale = to_f16(largest(x) / 127);
    const float stored = engine::half_to_float(scale), inverse = stored > 0 ? 1 / stored : 0;
    int8_t weights[depth_step];
    for (uint32_t i = 0; i < depth_step; ++i) weights[i] = static_cast<int8_t>(std::clamp(nearest(x[i] * inverse), -127, 127));
    pack_block_q8(weights, scale, b, column, panel);
  }
}

void pack_row_slices(const float* row, uint32_t k, uint32_t column, void* panel) {
  for (uint32_t b = 0; b < padded_depth(k) / depth_step; ++b) {
    float x[depth_step];
    block_of(row, b * depth_step, k, x);
    const float most = largest(x);
    const bool none = most < std::bit_cast<float>(least_exponent << 23);
    const float scale = none ? 0 : most / slice_steps, inverse = none ? 0 : slice_steps / most;
    auto* to = static_cast<uint8_t*>(panel) + b * slices_block_bytes;
    for (uint32_t i = 0; i < depth_step; ++i) {
      const int32_t steps = none ? 0 : nearest(x[i] * inverse), high = (steps + 64) >> 7, low = steps - high * 128;
      uint8_t* at = to + i / 4 * group_bytes + column * 4 + i % 4;
      at[0] = static_cast<uint8_t>(high);
      at[8 * group_bytes] = static_cast<uint8_t>(low);
    }
    std::memcpy(to + 16 * group_bytes + column * sizeof(float), &scale, sizeof scale);
  }
}

void pack_block_q8(const int8_t* weights, uint16_t scale, uint32_t block, uint32_t column, void* panel) {
  auto* to = static_cast<uint8_t*>(panel) + block * q8_block_bytes;
  for (uint32_t i = 0; i < depth_step; ++i)
    to[i / 4 * group_bytes + column * 4 + i % 4] = static_cast<uint8_t>(weights[i] + 128);
  std::memcpy(to + 8 * group_bytes + column * 2, &scale, sizeof scale);
}

void pack_block_q4(const uint8_t* nibbles, uint16_t scale, uint16_t minimum, uint32_t block, uint32_t column, void* panel) {
  auto* to = static_cast<uint8_t*>(panel) + block * q4_block_bytes;
  for (uint32_t i = 0; i < depth_step / 2; i += 4) std::memcpy(to + i / 4 * group_bytes + column * 4, nibbles + i, 4);
  std::memcpy(to + 4 * group_bytes + column * 2, &scale, sizeof scale);
  std::memcpy(to + 4 * group_bytes + 2 * panel_columns + column * 2, &minimum, sizeof minimum);
}

// An odd number of cache lines: AMX reads 16 rows at once, which then lie in different sets of the cache.
size_t sliced_row_bytes(uint32_t k) {
  const size_t depth = padded_depth(k);
  return ((2 * depth + depth / depth_step * (sizeof(float) + 2 * sizeof(int32_t)) + 63) / 64 | 1) * 64;
}

size_t int8_row_bytes(uint32_t k) {
  const size_t depth = padded_depth(k);
  return (depth + depth / depth_step * (2 * sizeof(float) + sizeof(int32_t)) + 63) / 64 * 64;
}

}  // namespace sextant::cpu
