// A checkpoint's weights as the kernels want them: in panels of 64 output columns, packed once at load. Norms, biases and the
// routers of experts are float32 in every compute type.
#pragma once
#include <cstdint>
#include <vector>
#include "../engine/architecture/tensors.hpp"
#include "matmul.hpp"
#include "memory.hpp"
#include "thread_pool.hpp"

namespace sextant::cpu {

struct Matrix {
  char* data = nullptr;  // [panel_count], columns beyond the last are zero; lies in Weights::matrices
  PanelFormat format = PanelFormat::f32;
  uint32_t k = 0;  // inputs
  uint32_t panel_count = 0;

  size_t bytes() const { return panel_count * panel_bytes(format, k); }
  Panels panels(uint32_t first, uint32_t count) const {
    return {format, data + first * panel_bytes(format, k), k, count};
  }
};

// Floats that the architecture has not are empty. Biases have the width of their matrix's panels, zeros at the end.
struct FeedForwardWeights {
  Matrix gate_up;  // panels take turns: 64 columns of gate, the same 64 of up
  Matrix down;
  Floats gate_bias, up_bias, down_bias;
};
struct LayerWeights {
  Floats attention_norm, feed_forward_norm;            // [hidden]
  Floats post_attention_norm, post_feed_forward_norm;  // [hidden]
  Floats q_norm, k_norm;                               // [head_dim]
  Matrix qkv;                                          // query heads, key heads, value heads, each head padded to Widths::head
  Matrix output;                                       // its inputs are such heads
  Floats qkv_bias, output_bias;
  FeedForwardWeights feed_forward;  // where the layer has no experts
  Matrix router;
  std::vector<FeedForwardWeights> experts;
};

struct Weights {
  Bytes matrices;  // all of them, so that they lie in few, large pages
  std::vector<LayerWeights> layers;
  Floats final_norm;
  Matrix head;
  engine::Rows embedding;  // read row by row
};

/// Bytes that load_weights will need. `tensors` are the architecture's, `wanted` a product's MatMul::weights, here and below.
size_t weights_bytes(const engine::ModelTensors& tensors, const engine::Architecture& architecture, PanelFormat wanted);

/// q8: matrices of Q4_0 and Q4_1 stay 4 bits wide, those of Q8_0 keep their 8 bits, all others are rounded to 8 bits.
Weights load_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, PanelFormat wanted,
                     ThreadPool& pool);

}  // namespace sextant::cpu
