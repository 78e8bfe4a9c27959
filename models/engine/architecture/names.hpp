// How checkpoints spell their tensors. Private to this folder.
#pragma once
#include <string>
#include "architecture.hpp"

namespace sextant::engine {

/// Names of tensors; inside a layer and an expert without their suffix ".weight" or ".bias". An empty name: the family has
/// none.
struct TensorNames {
  enum class Qkv : uint8_t {
    separate,
    stacked,  // one tensor: all queries, all keys, all values
    grouped,  // one tensor: for each key head its query heads, its key head, its value head (InternLM2)
  };
  std::string embedding, final_norm, head;  // whole
  std::string layer;                        // "blk.{}.": what begins the names of a layer
  std::string attention_norm, feed_forward_norm, post_attention_norm, post_feed_forward_norm, q_norm, k_norm;
  Qkv fused = Qkv::separate;
  std::string q, k, v, qkv, output;
  std::string gate, up, down;
  std::string gate_up;                                 // both in one tensor, the gate first
  std::string router;
  std::string expert_gate, expert_up, expert_down;     // "experts.{}.w1", or one tensor of all experts where there is no {}
  bool pairs_adjacent = false;                         // Rows::paired for queries and keys
};

TensorNames tensor_names(const Checkpoint& checkpoint, const Architecture& architecture);

/// A tensor that computes nothing, or that was read with the metadata.
bool is_tolerated(const Checkpoint& checkpoint, const Architecture& architecture, std::string_view name);

/// A tensor of the half of a model that sees pictures, which is not computed.
bool is_of_pictures(const Architecture& architecture, std::string_view name);

}  // namespace sextant::engine
