// The transformer as one table of flags: no class per family. Every device reads this and nothing else about a model's shape.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../checkpoint/checkpoint.hpp"

namespace sextant::engine {

enum class Activation : uint8_t { silu, gelu_tanh };

struct Architecture {
  std::string family;               // "llama"
  uint32_t layers = 0;
  uint32_t hidden = 0;              // width of the residual stream
  uint32_t heads = 0;               // query heads
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t feed_forward = 0;
  uint32_t vocab = 0;
  uint32_t context = 0;             // tokens the checkpoint was trained for
  float norm_epsilon = 1e-5f;
  Activation activation = Activation::silu;
  bool tied_embeddings = false;     // the output head is the embedding
  bool qkv_bias = false;
  double rope_theta = 10000;
  uint32_t rope_dims = 0;           // leading dimensions of a head that rotate
  bool rope_interleaved = false;    // pairs (0,1),(2,3).. as stored in GGUF's llama tensors, else (i, i + dims/2)
  std::vector<float> rope_factors;  // [rope_dims / 2] divides each frequency (llama3 scaling in GGUF); empty: none
};

/// Reads the table from a checkpoint's metadata and checks that every tensor it needs is there with the right shape:
/// an error names the missing, extra or misshapen tensor. Norms are f32; matrices may be of any TensorType.
Result<Architecture> read_architecture(const Checkpoint& checkpoint);

}  // namespace sextant::engine
