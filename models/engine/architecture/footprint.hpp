// What a model's numbers take in memory at each precision, as arithmetic: what a device adds (buffers, padding, copies) is its
// own affair.
#pragma once
#include <cstdint>
#include "architecture.hpp"

namespace sextant::engine {

struct Footprint {
  uint64_t parameters = 0;
  // bytes of the weights; norms and biases count as float32 in all but the first
  uint64_t stored = 0, f32 = 0, bf16 = 0;
  uint64_t int8 = 0;  // blocks of 32 with a 16-bit scale; what is stored in 4 bits stays so
  uint64_t exact = 0;  // blocks of 32, 16 bits each, with a 32-bit scale
  uint64_t kv_f32 = 0, kv_bf16 = 0;  // bytes of keys and values for each token
};

Footprint footprint(const Checkpoint& checkpoint, const Architecture& architecture);

}  // namespace sextant::engine
