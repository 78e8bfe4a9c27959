// Which tensor of a checkpoint plays which part, so that a device walks a struct and never spells a name: fused, grouped and
// permuted matrices all look plain from here.
// Ownership: pointers live as long as the Checkpoint. Threads: [any].
#pragma once
#include <vector>
#include "architecture.hpp"

namespace sextant::engine {

/// A matrix made of a tensor's rows: row i is row first + i / run * stride + i % run of the tensor. A bias or the weights of a
/// norm are the same with rows of one number.
struct Rows {
  const Tensor* tensor = nullptr;  // null: not there
  uint64_t count = 0;
  uint64_t first = 0, run = 0, stride = 0;
  /// Not 0: in each head of head_dim rows, the first `paired` ones hold the pairs of RoPE next to each other, (0, 1), (2, 3)
  /// ..; here they come as (i, i + paired / 2).
  uint32_t head_dim = 0, paired = 0;

  explicit operator bool() const { return tensor != nullptr; }
  uint64_t stored_row(uint64_t i) const;  // [0, count) -> row of the tensor
};

/// Shapes: d = hidden, q = heads * head_dim, k = kv_heads * head_dim, f = feed_forward (or an expert's).
struct FeedForwardTensors {
  Rows gate, up;            // [f, d]
  Rows down;                // [d, f]
  Rows gate_bias, up_bias;  // [f]
  Rows down_bias;           // [d]
};
struct LayerTensors {
  Rows attention_norm, feed_forward_norm;            // [d]
  Rows post_attention_norm, post_feed_forward_norm;  // [d]
  Rows q_norm, k_norm;                               // [head_dim]
  Rows q;                                            // [q, d]
  Rows k, v;                                         // [k, d]
  Rows output;                                       // [d, q]
  Rows q_bias, k_bias, v_bias, output_bias;          // [q], [k], [k], [d]
  FeedForwardTensors feed_forward;                   // where the layer has no experts
  Rows router;                                       // [experts, d]
  std::vector<FeedForwardTensors> experts;           // [experts]
};
struct ModelTensors {
  Rows embedding;   // [vocab, d]
  std::vector<LayerTensors> layers;
  Rows final_norm;  // [d]
  Rows head;        // [vocab, d]; the embedding where they are tied
};

/// Finds the tensors of an architecture that read_architecture returned for this checkpoint; the same errors.
Result<ModelTensors> find_tensors(const Checkpoint& checkpoint, const Architecture& architecture);

/// Row i as float32: out [columns of the tensor].
void read_row(const Rows& rows, uint64_t i, float* out);
/// A bias or a norm, `offset` added: out [count].
void read_vector(const Rows& rows, float offset, float* out);

}  // namespace sextant::engine
