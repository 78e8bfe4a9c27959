// The transformer as one table of flags: no class per family. Every device reads this and nothing else about a model's shape.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../checkpoint/checkpoint.hpp"
#include "rope.hpp"

namespace sextant::engine {

enum class Activation : uint8_t { silu, gelu_tanh };

struct LayerShape {
  uint32_t window = 0;   // a token sees itself and the window - 1 tokens before it; 0: all
  int32_t rope = 0;      // into Architecture::ropes; -1: this layer knows no positions
  bool experts = false;  // its feed-forward part is a mixture of experts
};

/// A router takes `used` of `count` experts for each token: softmax over all, the highest, ties to the lowest index.
struct Experts {
  uint32_t count = 0, used = 0;  // 0: the model has none
  uint32_t feed_forward = 0;     // width of one expert
  bool normalise = true;         // the weights of those used are divided by their sum
};

/// One layer computes, with norm = RMSNorm (Zhang and Sennrich 2019):
///   h = norm(x);  q, k, v = h * Wq + bq, ...;  q, k = norm per head (qk_norm), then RoPE
///   scores = attention_scale * q.k, soft-capped;  a = softmax(scores) v * Wo + bo;  x += residual_scale * norm?(a)
///   h = norm(x);  f = (activation(h * Wgate + b) * (h * Wup + b)) * Wdown + b, or experts;  x += residual_scale * norm?(f)
/// where norm? is there with post_norms. x begins as embedding_scale * embedding; logits = logit_scale * (norm(x) * Whead),
/// soft-capped. A soft cap c turns s into c * tanh(s / c).
struct Architecture {
  std::string family;                // "llama"
  uint32_t hidden = 0;               // width of the residual stream
  uint32_t heads = 0;                // query heads
  uint32_t kv_heads = 0;
  uint32_t head_dim = 0;
  uint32_t feed_forward = 0;         // of layers without experts
  uint32_t vocab = 0;
  uint32_t context = 0;              // tokens the checkpoint was trained for
  std::vector<LayerShape> layers;
  std::vector<Rope> ropes;
  Experts experts;
  Activation activation = Activation::silu;
  float norm_epsilon = 1e-5f;
  float norm_offset = 0;             // added to every norm's weights as they are read (Gemma's checkpoints store w - 1)
  bool tied_embeddings = false;      // the output head is the embedding
  bool head_normalised = false;      // each row of the head is scaled to length 1 as it is read (Baichuan2)
  bool qkv_bias = false, output_bias = false, feed_forward_bias = false;
  bool qk_norm = false;              // queries and keys are normalised per head, before RoPE
  bool post_norms = false;           // the outputs of attention and of the feed-forward part are normalised (Gemma 2)
  float embedding_scale = 1, residual_scale = 1, logit_scale = 1;
  float attention_scale = 0;         // of the scores; 1 / sqrt(head_dim) for most
  float attention_softcap = 0, logit_softcap = 0;  // 0: none
  std::vector<std::string> warnings; // what the files ask for and nothing is done with, one sentence each
};

/// The length that stands for a request of `length` tokens over all of the model's ropes (rope.hpp): keys may be shared only
/// where it is equal.
uint32_t rope_length(const Architecture& architecture, uint32_t length);

/// Reads the table from a checkpoint's metadata and checks that every tensor it needs is there with the right shape:
/// an error names the missing, extra or misshapen tensor. Norms are f32; matrices may be of any TensorType.
Result<Architecture> read_architecture(const Checkpoint& checkpoint);

}  // namespace sextant::engine
