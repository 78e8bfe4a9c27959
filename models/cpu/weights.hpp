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

// Floats that the architecture has not are empty. Biases have the width of their matrix's panels, zeros at the end.
struct FeedForwardWeights {
  Matrix gate_up;       // panels take turns: 64 columns of gate, the same 64 of up
  Matrix down;
  Floats gate_bias, up_bias, down_bias;
};
struct LayerWeights {
  Floats attention_norm, feed_forward_norm;            // [hidden]
  Floats post_attention_norm, post_feed_forward_norm;  // [hidden]
  Floats q_norm, k_norm;                               // [head_dim]
  Matrix qkv;           // query heads, key heads, value heads, each head padded to Widths::head
  Matrix output;        // its inputs are such heads
  Floats qkv_bias, output_bias;
  FeedForwardWeights feed_forward;            // where the layer has no experts
  Matrix router;
  std::vector<FeedForwardWeights> experts;
};

struct Weights {
  std::vector<LayerWeights> layers;
  Floats final_norm;
  Matrix head;
  engine::Rows embedding;  // read row by row
};

/// Bytes that load_weights will need.
size_t weights_bytes(const engine::Architecture& architecture);

/// `tensors` are the architecture's.
Weights load_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, ThreadPool& pool);

}  // namespace sextant::cpu
