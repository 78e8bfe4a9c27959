#include "hf_families.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "ignored_keys.hpp"
#include "shape.hpp"

namespace sextant::engine {
namespace {

enum class Windows : uint8_t {
  all_layers,         // sliding_window, where it is not null
  qwen,               // use_sliding_window, from layer max_window_layers on
  without_positions,  // use_sliding_window, in the layers that know no positions
  alternate,          // every second layer, beginning with the first
  pattern,            // all but each sliding_window_pattern-th
};

// What a model_type computes in addition to what its keys say; defaults are those of transformers' configuration classes.
struct Family {
  std::string_view model_type;
  std::string_view name = model_type;                // Architecture::family
  std::string_view qkv_bias = {}, output_bias = {};  // keys; "always": there is none and there are biases
  std::string_view feed_forward_bias = {};
  WidthDefaults widths = {};
  double theta = 10'000;
  bool gemma = false;                                // norms hold w - 1, GELU, the embedding times sqrt(hidden)
  bool qk_norm = false;
  bool post_norms = false;
  Windows windows = Windows::all_layers;
  uint32_t window = 0;                               // where there is no key
  bool experts = false;                              // num_experts or num_local_experts of them
  uint32_t vocab = 0;                                // where there is no key; 0: it must be there
};
// the larger Gemma 3 leave out of "text_config" what is as here
constexpr WidthDefaults gemma3_widths{.layers = 26, .hidden = 2'304, .heads = 8, .kv_heads = 4, .head_dim = 256,
                                      .feed_forward = 9'216, .context = 131'072, .norm_epsilon = 1e-6};
constexpr WidthDefaults gemma_widths{.head_dim = 256, .norm_epsilon = 1e-6};
constexpr Family families[] = {
    {.model_type = "baichuan"},
    {.model_type = "gemma",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .widths = gemma_widths,
     .gemma = true},
    {.model_type = "gemma2",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .widths = gemma_widths,
     .gemma = true,
     .post_norms = true,
     .windows = Windows::alternate,
     .window = 4'096},
    {.model_type = "gemma3",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .widths = gemma3_widths,
     .theta = 1'000'000,
     .gemma = true,
     .qk_norm = true,
     .post_norms = true,
     .windows = Windows::pattern,
     .window = 4'096,
     .vocab = 262'208},
    {.model_type = "gemma3_text",
     .name = "gemma3",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .widths = gemma3_widths,
     .theta = 1'000'000,
     .gemma = true,
     .qk_norm = true,
     .post_norms = true,
     .windows = Windows::pattern,
     .window = 4'096,
     .vocab = 262'208},
    {.model_type = "granite", .qkv_bias = "attention_bias", .output_bias = "attention_bias", .feed_forward_bias = "mlp_bias"},
    {.model_type = "internlm2", .qkv_bias = "bias", .output_bias = "bias"},
    {.model_type = "internlm3", .qkv_bias = "qkv_bias", .output_bias = "bias", .feed_forward_bias = "bias"},
    {.model_type = "llama", .qkv_bias = "attention_bias", .output_bias = "attention_bias", .feed_forward_bias = "mlp_bias"},
    {.model_type = "minicpm", .qkv_bias = "attention_bias", .output_bias = "attention_bias"},
    {.model_type = "mistral", .window = 4'096},
    {.model_type = "mixtral", .theta = 1'000'000, .experts = true},
    {.model_type = "phi3"},
    {.model_type = "qwen2", .qkv_bias = "always", .windows = Windows::qwen, .window = 4'096},
    {.model_type = "qwen3",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .widths = {.head_dim = 128},
     .qk_norm = true,
     .windows = Windows::qwen,
     .window = 4'096},
    {.model_type = "qwen3_moe",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .qk_norm = true,
     .windows = Windows::qwen,
     .window = 4'096,
     .experts = true},
    {.model_type = "smollm3",
     .qkv_bias = "attention_bias",
     .output_bias = "attention_bias",
     .feed_forward_bias = "mlp_bias",
     .theta = 2'000'000,
     .windows = Windows::without_positions},
};

// Keys that change what is computed in a way that no flag describes, unless their value is null, false, 0 or empty.
constexpr std::string_view refused[] = {
    "alibi", "attention_chunk_size", "clip_qkv", "kv_lora_rank", "n_shared_experts", "num_nextn_predict_layers", "pruned_heads",
    "q_lora_rank", "qk_layernorm", "shared_expert_intermediate_size", "sparse_config", "use_bidirectional_attention",
    "use_parallel_residual", "use_qk_norm"};
// Granite's factors; for the others they must be 1.
constexpr std::string_view multipliers[] = {"attention_multiplier", "embedding_multiplier", "logits_scaling",
                                            "residual_multiplier"};

Result<void> refuse_unsupported(const Keys& keys, bool granite) {
  for (const std::string_view name : refused) {
    const json::Value* value = keys.find(name);
    const bool empty = value && ((value->IsObject() && value->ObjectEmpty()) || (value->IsArray() && value->Empty()));
    if (!value || empty || value->IsFalse() || (value->IsNumber() && value->GetDouble() == 0)) continue;
    return keys.unsupported(name, "asks for something that is not supported");
  }
  for (const std::string_view name : multipliers) {
    const json::Value* value = keys.find(name);
    if (!granite && value && !(value->IsNumber() && value->GetDouble() == 1))
      return keys.unsupported(name, "asks for something that is not supported");
  }
  return {};
}

Result<void> read_activation(const Keys& keys, const Family& family, Architecture& a) {
  const std::string_view name = keys.find("hidden_activation") ? "hidden_activation" : "hidden_act";
  SXT_TRY(const std::string activation, keys.text_or(name, family.gemma ? "gelu_pytorch_tanh" : "silu"));
  const bool tanh = activation == "gelu_pytorch_tanh" || activation == "gelu_new";
  // the first Gemma's files say "gelu", and its makers that they mean the approximation
  if (tanh || (family.model_type == "gemma" && name == "hidden_act" && activation == "gelu"))
    a.activation = Activation::gelu_tanh;
  else if (activation != "silu" && activation != "swish")
    return keys.unsupported(name, fmt::format("is {}, and the activations are silu and gelu_pytorch_tanh",
                                              json::quote(activation.substr(0, 80))));
  return {};
}

Result<bool> read_bias(const Keys& keys, std::string_view name) {
  if (name.empty() || name == "always") return !name.empty();
  return keys.flag_or(name, false);
}

Result<void> read_biases(const Keys& keys, const Family& family, Architecture& a) {
  SXT_TRY(a.qkv_bias, read_bias(keys, family.qkv_bias));
  SXT_TRY(a.output_bias, read_bias(keys, family.output_bias));
  SXT_TRY(a.feed_forward_bias, read_bias(keys, family.feed_forward_bias));
  return {};
}

// [layers]: which ones know positions
Result<std::vector<uint32_t>> read_positions(const Keys& keys, const Family& family, size_t layers) {
  if (family.windows != Windows::without_positions) return std::vector<uint32_t>(layers, 1);
  if (keys.find("no_rope_layers")) return keys.counts("no_rope_layers", layers);
  SXT_TRY(const uint32_t interval, keys.count_or("no_rope_layer_interval", 1'024, 4));
  std::vector<uint32_t> positions(layers);
  for (uint32_t l = 0; l < layers; ++l) positions[l] = (l + 1) % interval != 0;
  return positions;
}

// [layers]: which ones have a window
Result<std::vector<bool>> read_windowed(const Keys& keys, const Family& family, const std::vector<uint32_t>& positions) {
  std::vector<bool> windowed(positions.size());
  if (const json::Value* types = keys.find("layer_types")) {
    if (!types->IsArray() || types->Size() != windowed.size())
      return keys.wrong(fmt::format("{} must be a list of {} texts", keys.key("layer_types"), windowed.size()));
    for (uint32_t l = 0; l < windowed.size(); ++l) {
      const json::Value& type = (*types)[l];
      windowed[l] = type == "sliding_attention";
      if (!windowed[l] && type != "full_attention")
        return keys.unsupported("layer_types", "names a layer that is neither full_attention nor sliding_attention");
    }
    return windowed;
  }
  SXT_TRY(const uint32_t first, keys.whole_or("max_window_layers", 1'024, 28));
  SXT_TRY(const uint32_t every, keys.count_or("sliding_window_pattern", 1'024, 6));
  for (uint32_t l = 0; l < windowed.size(); ++l) {
    switch (family.windows) {
      case Windows::all_layers: windowed[l] = true; break;
      case Windows::qwen: windowed[l] = l >= first || family.experts; break;
      case Windows::without_positions: windowed[l] = positions[l] == 0; break;
      case Windows::alternate: windowed[l] = l % 2 == 0; break;
      case Windows::pattern: windowed[l] = (l + 1) % every != 0; break;
    }
  }
  return windowed;
}

Result<void> read_layers(const Keys& keys, const Family& family, Architecture& a) {
  const bool asked = family.windows == Windows::qwen || family.windows == Windows::without_positions;
  SXT_TRY(const bool use, keys.flag_or("use_sliding_window", !asked));
  SXT_TRY(uint32_t window, keys.whole_or("sliding_window", 1 << 27, keys.is_null("sliding_window") ? 0 : family.window));
  if (!use) window = 0;
  SXT_TRY(const std::vector<uint32_t> positions, read_positions(keys, family, a.layers.size()));
  SXT_TRY(const std::vector<bool> windowed, read_windowed(keys, family, positions));
  SXT_TRY(a.ropes, read_hf_ropes(keys, a, family.theta, a.warnings));
  for (uint32_t l = 0; l < a.layers.size(); ++l) {
    a.layers[l].window = windowed[l] ? window : 0;
    a.layers[l].rope = positions[l] == 0 ? -1 : windowed[l] && a.ropes.size() > 1 ? 1 : 0;
  }
  return {};
}

Result<void> read_experts(const Keys& keys, const Family& family, Architecture& a) {
  for (const std::string_view name : {"num_local_experts", "num_experts", "n_routed_experts"}) {
    if (family.experts && name != "n_routed_experts") continue;
    SXT_TRY(const uint32_t others, keys.whole_or(name, experts_max, 0));
    if (others > 1) return keys.unsupported(name, "asks for experts, which this family is computed without");
  }
  if (!family.experts) return {};
  // transformers 5 writes either family's number under the other one's name, too
  const bool mixtral = family.name == "mixtral";
  const std::string_view own = mixtral ? "num_local_experts" : "num_experts",
                         other = mixtral ? "num_experts" : "num_local_experts";
  SXT_TRY(a.experts.count, keys.count(keys.find(own) || !keys.find(other) ? own : other, experts_max));
  SXT_TRY(const uint32_t other_count, keys.count_or(other, experts_max, a.experts.count));
  if (other_count != a.experts.count)
    return keys.wrong(fmt::format("{} is {} and {} is {}", keys.key(own), a.experts.count, keys.key(other), other_count));
  SXT_TRY(a.experts.used, keys.count("num_experts_per_tok", a.experts.count));
  SXT_TRY(a.experts.feed_forward, keys.count_or("moe_intermediate_size", 1 << 20, a.feed_forward));
  SXT_TRY(a.experts.normalise, keys.flag_or("norm_topk_prob", mixtral));
  SXT_TRY(const uint32_t step, keys.count_or("decoder_sparse_step", 1'024, 1));
  std::vector<uint32_t> dense;
  if (keys.find("mlp_only_layers")) { SXT_TRY(dense, keys.counts("mlp_only_layers", 0)); }
  for (uint32_t l = 0; l < a.layers.size(); ++l)
    a.layers[l].experts = (l + 1) % step == 0 && std::find(dense.begin(), dense.end(), l) == dense.end();
  return {};
}

// Soft caps and the scales of embedding, branches, scores and logits.
Result<void> read_scales(const Keys& keys, const Family& family, Architecture& a) {
  a.attention_scale = inverse_root(a.head_dim);
  if (family.gemma) {
    a.norm_offset = 1;
    a.embedding_scale = std::sqrt(static_cast<float>(a.hidden));
  }
  if (family.post_norms) {
    const bool second = family.name == "gemma2";
    SXT_TRY(const double scalar, keys.number_or("query_pre_attn_scalar", 1e-6, 1e9, 256));
    a.attention_scale = inverse_root(scalar);
    const auto softcap = [&](std::string_view name, double otherwise) {
      return real_or(keys, name, 0, 1e6, second && !keys.is_null(name) ? otherwise : 0);
    };
    SXT_TRY(a.attention_softcap, softcap("attn_logit_softcapping", 50));
    SXT_TRY(a.logit_softcap, softcap("final_logit_softcapping", 30));
  }
  if (family.name == "minicpm") {
    SXT_TRY(a.embedding_scale, real_or(keys, "scale_emb", 1e-6, 1e6, 1));
    SXT_TRY(const double depth, keys.number_or("scale_depth", 1e-6, 1e6, 1));
    a.residual_scale = static_cast<float>(depth / std::sqrt(double(a.layers.size())));
    SXT_TRY(const double base, keys.number_or("dim_model_base", 1, 1e6, 1));
    a.logit_scale = static_cast<float>(base / a.hidden);
  }
  if (family.name == "granite") {
    SXT_TRY(a.embedding_scale, real_or(keys, "embedding_multiplier", 1e-6, 1e6, 1));
    SXT_TRY(a.residual_scale, real_or(keys, "residual_multiplier", 1e-6, 1e6, 1));
    SXT_TRY(a.attention_scale, real_or(keys, "attention_multiplier", 1e-6, 1e6, 1));
    SXT_TRY(const double divisor, keys.number_or("logits_scaling", 1e-6, 1e6, 1));
    a.logit_scale = static_cast<float>(1 / divisor);
  }
  return {};
}

Result<void> read_baichuan(const Keys& keys, Architecture& a) {
  if (!keys.find("max_position_embeddings"))
    return keys.unsupported("model_type",
                            "is \"baichuan\" without max_position_embeddings: the 13B model, whose ALiBi is not supported");
  const json::Value* names = keys.find("architectures");
  // the first Baichuan spells itself BaiChuan; its head is taken as it is
  a.head_normalised = !(names && names->IsArray() && !names->Empty() && (*names)[0] == "BaiChuanForCausalLM");
  return {};
}

Result<Architecture> read_family(const Keys& keys, const Family& family) {
  Architecture a;
  a.family = family.name;
  SXT_CHECK(refuse_unsupported(keys, family.name == "granite"));
  if (family.name == "baichuan") { SXT_CHECK(read_baichuan(keys, a)); }
  SXT_CHECK(read_widths(keys,
                        {.layers = "num_hidden_layers", .hidden = "hidden_size", .heads = "num_attention_heads",
                         .kv_heads = "num_key_value_heads", .head_dim = "head_dim", .feed_forward = "intermediate_size",
                         .context = "max_position_embeddings", .norm_epsilon = "rms_norm_eps"},
                        family.widths, a));
  SXT_TRY(a.vocab, keys.count_or("vocab_size", vocab_max, family.vocab));
  if (a.vocab == 0) return keys.wrong(fmt::format("{} is missing", keys.key("vocab_size")));
  SXT_CHECK(read_activation(keys, family, a));
  SXT_CHECK(read_biases(keys, family, a));
  SXT_CHECK(read_layers(keys, family, a));
  SXT_CHECK(read_experts(keys, family, a));
  SXT_CHECK(read_scales(keys, family, a));
  a.qk_norm = family.qk_norm;
  a.post_norms = family.post_norms;
  const Checkpoint& checkpoint = keys.checkpoint();
  const auto is_head = [](const Tensor& t) { return t.name.ends_with("lm_head.weight") || t.name == "output.weight"; };
  const bool has_head = std::any_of(checkpoint.tensors().begin(), checkpoint.tensors().end(), is_head);
  SXT_TRY(a.tied_embeddings, keys.flag_or("tie_word_embeddings", !has_head));
  warn_of_ignored_keys(keys, a.warnings);
  return a;
}

}  // namespace

Result<Architecture> read_hf_architecture(const Checkpoint& checkpoint) {
  const Keys keys(checkpoint, checkpoint.metadata(), "config.json key", "");
  SXT_TRY(const std::string model_type, keys.text_or("model_type", ""));
  if (model_type.empty()) return keys.wrong(fmt::format("{} is missing", keys.key("model_type")));
  std::vector<std::string_view> supported;
  for (const Family& family : families) {
    supported.push_back(family.model_type);
    if (family.model_type != model_type) continue;
    if (!keys.find("text_config")) {
      SXT_TRY(Architecture a, read_family(keys, family));
      warn_of_other_head(keys, a);
      return a;
    }
    SXT_CHECK(refuse_unsupported(keys, false));  // a model of text and pictures: its text half
    SXT_TRY(Architecture a, read_family(keys.inside("text_config"), family));
    warn_of_ignored_keys(keys, a.warnings);
    return a;
  }
  return unknown_family(checkpoint, "model_type", model_type, supported);
}

}  // namespace sextant::engine
