#include "names.hpp"
#include <algorithm>
#include "../checkpoint/name_prefixes.hpp"

namespace sextant::engine {
namespace {

// GGUF's own names: its specification, section "Standardized tensor names".
TensorNames gguf_names(const Checkpoint& checkpoint, const Architecture& a) {
  TensorNames n{.embedding = "token_embd.weight",
                .final_norm = "output_norm.weight",
                .head = "output.weight",
                .layer = "blk.{}.",
                .attention_norm = "attn_norm",
                .feed_forward_norm = "ffn_norm",
                .post_attention_norm = "post_attention_norm",
                .post_feed_forward_norm = "post_ffw_norm",
                .q_norm = "attn_q_norm",
                .k_norm = "attn_k_norm",
                .q = "attn_q",
                .k = "attn_k",
                .v = "attn_v",
                .qkv = {},
                .output = "attn_output",
                .gate = "ffn_gate",
                .up = "ffn_up",
                .down = "ffn_down",
                .gate_up = {},
                .router = "ffn_gate_inp",
                .expert_gate = "ffn_gate_exps",
                .expert_up = "ffn_up_exps",
                .expert_down = "ffn_down_exps"};
  if (checkpoint.find("blk.0.ffn_gate.0.weight"))  // files of before 2024 hold each expert by itself
    n.expert_gate = "ffn_gate.{}", n.expert_up = "ffn_up.{}", n.expert_down = "ffn_down.{}";
  if (a.family == "phi3") n.fused = TensorNames::Qkv::stacked, n.qkv = "attn_qkv", n.gate_up = "ffn_up";
  // the converter permutes the rows of queries and keys where llama.cpp rotates the pairs (0, 1), (2, 3), ...
  constexpr std::string_view permuted[] = {"baichuan", "granite", "internlm2", "llama", "minicpm", "smollm3"};
  n.pairs_adjacent = std::find(std::begin(permuted), std::end(permuted), a.family) != std::end(permuted);
  return n;
}

TensorNames internlm2_names(const Checkpoint& checkpoint) {
  const std::string model = checkpoint.find("tok_embeddings.weight") ? "" : "model.";  // saved without its head
  return {.embedding = model + "tok_embeddings.weight", .final_norm = model + "norm.weight", .head = "output.weight",
          .layer = model + "layers.{}.", .attention_norm = "attention_norm", .feed_forward_norm = "ffn_norm",
          .post_attention_norm = {}, .post_feed_forward_norm = {}, .q_norm = {}, .k_norm = {},
          .fused = TensorNames::Qkv::grouped, .q = {}, .k = {}, .v = {}, .qkv = "attention.wqkv", .output = "attention.wo",
          .gate = "feed_forward.w1", .up = "feed_forward.w3", .down = "feed_forward.w2", .gate_up = {}, .router = {},
          .expert_gate = {}, .expert_up = {}, .expert_down = {}};
}

// transformers' names.
TensorNames hf_names(const Checkpoint& checkpoint, const Architecture& a) {
  if (a.family == "internlm2") return internlm2_names(checkpoint);
  const NamePrefixes* found = prefixes_of(checkpoint);
  const NamePrefixes& before = found ? *found : name_prefixes[0];
  const std::string model(before.model), head = std::string(before.head) + "lm_head.weight";
  TensorNames n{.embedding = model + "embed_tokens.weight",
                .final_norm = model + "norm.weight",
                .head = head,
                .layer = model + "layers.{}.",
                .attention_norm = "input_layernorm",
                .feed_forward_norm = "post_attention_layernorm",
                .post_attention_norm = {},
                .post_feed_forward_norm = "post_feedforward_layernorm",
                .q_norm = "self_attn.q_norm",
                .k_norm = "self_attn.k_norm",
                .q = "self_attn.q_proj",
                .k = "self_attn.k_proj",
                .v = "self_attn.v_proj",
                .qkv = {},
                .output = "self_attn.o_proj",
                .gate = "mlp.gate_proj",
                .up = "mlp.up_proj",
                .down = "mlp.down_proj",
                .gate_up = {},
                .router = "mlp.gate",
                .expert_gate = "mlp.experts.{}.gate_proj",
                .expert_up = "mlp.experts.{}.up_proj",
                .expert_down = "mlp.experts.{}.down_proj"};
  if (a.post_norms) n.post_attention_norm = n.feed_forward_norm, n.feed_forward_norm = "pre_feedforward_layernorm";
  if (a.family == "baichuan") n.fused = TensorNames::Qkv::stacked, n.qkv = "self_attn.W_pack";
  if (a.family == "phi3") n.fused = TensorNames::Qkv::stacked, n.qkv = "self_attn.qkv_proj", n.gate_up = "mlp.gate_up_proj";
  if (a.family == "mixtral") {
    n.router = "block_sparse_moe.gate";
    n.expert_gate = "block_sparse_moe.experts.{}.w1";
    n.expert_up = "block_sparse_moe.experts.{}.w3";
    n.expert_down = "block_sparse_moe.experts.{}.w2";
  }
  return n;
}

bool is_gguf(const Checkpoint& checkpoint) { return checkpoint.format() == CheckpointFormat::gguf; }

}  // namespace

TensorNames tensor_names(const Checkpoint& checkpoint, const Architecture& a) {
  return is_gguf(checkpoint) ? gguf_names(checkpoint, a) : hf_names(checkpoint, a);
}

bool is_tolerated(const Checkpoint& checkpoint, const Architecture& a, std::string_view name) {
  if (is_gguf(checkpoint))
    return name == "rope_freqs.weight" || name == "rope_factors_long.weight" || name == "rope_factors_short.weight" ||
           name.ends_with(".attn_rot_embd.weight");
  if (name.ends_with(".rotary_emb.inv_freq")) return true;  // what rope_theta says, computed once more
  if (a.tied_embeddings && name == tensor_names(checkpoint, a).head) return true;  // a copy
  return is_of_pictures(a, name);
}

bool is_of_pictures(const Architecture& a, std::string_view name) {
  const std::string_view inner = name.starts_with("model.") ? name.substr(6) : name;
  return a.family == "gemma3" && (inner.starts_with("vision_tower.") || inner.starts_with("multi_modal_projector."));
}

}  // namespace sextant::engine
