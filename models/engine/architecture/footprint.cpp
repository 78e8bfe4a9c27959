#include "footprint.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

// Of a row: blocks of 32 numbers, in 8 bits with a 16-bit scale; Q4_0 and Q4_1 stay as they are, with a scale and a least
// number.
uint64_t int8_bytes(const Tensor& tensor) {
  const bool four_bits = tensor.type == TensorType::q4_0 || tensor.type == TensorType::q4_1;
  return (tensor.columns() + 31) / 32 * (four_bits ? 16 + 4 : 32 + 2);
}

}  // namespace

Footprint footprint(const Checkpoint& checkpoint, const Architecture& a) {
  Footprint f;
  for (const Tensor& tensor : checkpoint.tensors()) {
    uint64_t numbers = 1;
    for (const uint64_t n : tensor.shape) numbers *= n;
    const bool matrix = tensor.shape.size() > 1;
    f.parameters += numbers;
    f.stored += tensor.bytes.size();
    f.f32 += 4 * numbers;
    f.bf16 += (matrix ? 2 : 4) * numbers;
    f.exact += matrix ? numbers / std::max<uint64_t>(1, tensor.columns()) * ((tensor.columns() + 31) / 32 * (64 + 4)) : 4 * numbers;
    f.int8 += matrix ? numbers / std::max<uint64_t>(1, tensor.columns()) * int8_bytes(tensor) : 4 * numbers;
  }
  const uint64_t keys_and_values = uint64_t{2} * a.layers.size() * a.kv_heads * a.head_dim;
  f.kv_f32 = 4 * keys_and_values;
  f.kv_bf16 = 2 * keys_and_values;
  return f;
}

}  // namespace sextant::engine
