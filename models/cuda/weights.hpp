// A checkpoint's weights on the device: matrices as T, whatever the file has, norms and biases in float32.
#pragma once
#include <vector>
#include "../engine/architecture/tensors.hpp"
#include "kernels/kernels.hpp"
#include "memory.hpp"

namespace sextant::cuda {

template <class T> struct FeedForwardWeights {
  T* gate_up = nullptr;           // [2 * feed_forward][hidden]: gate, then up
  float* gate_up_bias = nullptr;  // [2 * feed_forward] or null
  T* down = nullptr;              // [hidden][feed_forward]
  float* down_bias = nullptr;     // [hidden] or null
};
template <class T> struct LayerWeights {
  float* attention_norm = nullptr;          // [hidden]
  float* feed_forward_norm = nullptr;       // [hidden]
  float* post_attention_norm = nullptr;     // [hidden] or null
  float* post_feed_forward_norm = nullptr;  // [hidden] or null
  float* q_norm = nullptr;                  // [head_dim] or null
  float* k_norm = nullptr;                  // [head_dim] or null
  T* qkv = nullptr;                         // [(heads + 2 kv_heads) * head_dim][hidden]
  float* qkv_bias = nullptr;                // or null
  T* output = nullptr;                      // [hidden][heads * head_dim]
  float* output_bias = nullptr;             // [hidden] or null
  FeedForwardWeights<T> feed_forward;       // where the layer has no experts
  T* router = nullptr;                      // [experts][hidden]
  std::vector<FeedForwardWeights<T>> experts;
};
template <class T> struct Weights {
  T* embedding = nullptr;  // [vocab][hidden]
  std::vector<LayerWeights<T>> layers;
  float* final_norm = nullptr;  // [hidden]
  T* head = nullptr;            // [vocab][hidden], the embedding where they are one
};

/// Where everything will stand. Counts only, if the carver has no memory.
template <class T>
Weights<T> lay_out_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, Carver& carver);
/// Fills what was laid out. Blocks go to the device as they stand in the file and become numbers there.
template <class T>
void load_weights(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const Weights<T>& weights,
                  cudaStream_t stream);

}  // namespace sextant::cuda
