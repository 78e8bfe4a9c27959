// A checkpoint's weights as the kernels want them: float32, in panels of 64 output columns, packed once at load.
#pragma once
#include <cstdint>
#include <vector>
#include "../engine/architecture/tensors.hpp"
#include "memory.hpp"
#include "thread_pool.hpp"

namespace sextant::cpu {

struct Matrix {
  Floats panels;        // [panel_count][k][64], columns beyond the last are zero
  uint32_t k = 0;       // inputs
  uint32_t panel_count = 0;
};

struct LayerWeights {
  Floats attention_norm, feed_forward_norm;  // [hidden]
  Matrix qkv;        // query heads, key heads, value heads
  Matrix output;
  Matrix gate_up;    // panels take turns: 64 columns of gate, the same 64 of up
  Matrix down;
};

struct Weights {
  std::vector<LayerWeights> layers;
  Floats final_norm;
  Matrix head;
  engine::Rows embedding;  // read row by row
};

/// Bytes that load_weights will need.
size_t weights_bytes(const engine::Architecture& architecture);

Weights load_weights(const engine::Checkpoint& checkpoint, const engine::Architecture& architecture, ThreadPool& pool);

}  // namespace sextant::cpu
