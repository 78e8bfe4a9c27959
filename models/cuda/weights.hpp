// A checkpoint's weights on the device: matrices as T, whatever the file has, or in the file's blocks where these are to be
// kept; norms and biases in float32.
#pragma once
#include <vector>
#include "../engine/architecture/tensors.hpp"
#include "kernels/kernels.hpp"
#include "memory.hpp"

namespace sextant::cuda {

/// [outputs][inputs].
template <class T> struct Matrix {
  T* numbers = nullptr;            // null where it stays in blocks
  BlockRows blocks[block_parts];   // one below the other

  bool in_blocks() const { return blocks[0].rows > 0; }
};

template <class T> struct FeedForwardWeights {
  Matrix<T> gate_up;              // [2 * feed_forward][hidden]: gate, then up
  float* gate_up_bias = nullptr;  // [2 * feed_forward] or null
  Matrix<T> down;                 // [hidden][feed_forward]
  float* down_bias = nullptr;     // [hidden] or null
};
template <class T> struct LayerWeights {
  float* attention_norm = nullptr;          // [hidden]
  float* feed_forward_norm = nullptr;       // [hidden]
  float* post_attention_norm = nullptr;     // [hidden] or null
  float* post_feed_forward_norm = nullptr;  // [hidden] or null
  float* q_norm = nullptr;                  // [head_dim] or null
  float* k_norm = nullptr;                  // [head_dim] or null
  Matrix<T> qkv;                            // [(heads + 2 kv_heads) * head_dim][hidden]
  float* qkv_bias = nullptr;                // or null
  Matrix<T> output;                         // [hidden][heads * head_dim]
  float* output_bias = nullptr;             // [hidden] or null
  FeedForwardWeights<T> feed_forward;       // where the layer has no experts
  Matrix<T> router;                         // [experts][hidden]
  std::vector<FeedForwardWeights<T>> experts;
};
template <class T> struct Weights {
  Matrix<T> embedding;  // [vocab][hidden]
  std::vector<LayerWeights<T>> layers;
  float* final_norm = nullptr;  // [hidden]
  Matrix<T> head;               // [vocab][hidden], the embedding where they are one
};

/// Whether the kernels read numbers that are stored so. Those of the other types become numbers on the host.
inline bool is_block_type(engine::TensorType type) { return type <= engine::TensorType::q6_k; }

/// Where everything will stand. Counts only, if the carver has no memory. keep_quantised: a matrix with a quantised part stays
/// as the file has it, unless its rows are changed on the way (an adapter's, normalised ones) or no kernel reads its blocks.
template <class T>
Weights<T> lay_out_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, bool keep_quantised,
                           Carver& carver);
/// Fills what was laid out. Blocks go to the device as they stand in the file and become numbers there.
template <class T>
void load_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const Weights<T>& weights,
                  cudaStream_t stream);

}  // namespace sextant::cuda
