// Which tensor of a checkpoint plays which part, so that a device walks a struct and never spells a name.
// Ownership: pointers live as long as the Checkpoint. Threads: [any].
#pragma once
#include <vector>
#include "architecture.hpp"

namespace sextant::engine {

/// Shapes: d = hidden, q = heads * head_dim, k = kv_heads * head_dim, f = feed_forward.
struct LayerTensors {
  const Tensor* attn_norm = nullptr;    // [d]
  const Tensor* attn_q = nullptr;       // [q, d]
  const Tensor* attn_k = nullptr;       // [k, d]
  const Tensor* attn_v = nullptr;       // [k, d]
  const Tensor* attn_output = nullptr;  // [d, q]
  const Tensor* ffn_norm = nullptr;     // [d]
  const Tensor* ffn_gate = nullptr;     // [f, d]
  const Tensor* ffn_up = nullptr;       // [f, d]
  const Tensor* ffn_down = nullptr;     // [d, f]
};

struct ModelTensors {
  const Tensor* token_embd = nullptr;   // [vocab, d]
  std::vector<LayerTensors> layers;
  const Tensor* output_norm = nullptr;  // [d]
  const Tensor* output = nullptr;       // [vocab, d]; token_embd itself where the head is tied
};

/// Finds the tensors of an architecture that read_architecture returned for this checkpoint; the same errors.
Result<ModelTensors> find_tensors(const Checkpoint& checkpoint, const Architecture& architecture);

}  // namespace sextant::engine
