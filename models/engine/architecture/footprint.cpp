#include "footprint.hpp"

namespace sextant::engine {

Footprint footprint(const Checkpoint& checkpoint, const Architecture& a) {
  constexpr uint64_t block = 32;
  Footprint f;
  for (const Tensor& tensor : checkpoint.tensors()) {
    uint64_t numbers = 1;
    for (const uint64_t n : tensor.shape) numbers *= n;
    const bool matrix = tensor.shape.size() > 1;
    f.parameters += numbers;
    f.stored += tensor.bytes.size();
    f.f32 += 4 * numbers;
    f.bf16 += (matrix ? 2 : 4) * numbers;
    f.int8 += matrix && tensor.columns() ? numbers + numbers / tensor.columns() * ((tensor.columns() + block - 1) / block) * 4
                                         : 4 * numbers;
  }
  const uint64_t keys_and_values = uint64_t{2} * a.layers.size() * a.kv_heads * a.head_dim;
  f.kv_f32 = 4 * keys_and_values;
  f.kv_bf16 = 2 * keys_and_values;
  return f;
}

}  // namespace sextant::engine
