#include "gguf_families.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include "ignored_keys.hpp"
#include "shape.hpp"

namespace sextant::engine {
namespace {

// What an architecture computes in addition to what its keys say. Sources: GGUF's specification, and where it is silent, the
// constants that llama.cpp has for the architecture.
struct Family {
  std::string_view name;
  bool gemma = false;            // GELU, and the embedding times sqrt(hidden)
  bool qk_norm = false;
  bool post_norms = false;
  uint32_t full_every = 0;       // windows in all layers but each n-th; 0: in all
  uint32_t no_rope_every = 0;    // each n-th layer knows no positions
};
constexpr Family families[] = {
    {.name = "baichuan"},
    {.name = "gemma", .gemma = true},
    {.name = "gemma2", .gemma = true, .post_norms = true, .full_every = 2},
    {.name = "gemma3", .gemma = true, .qk_norm = true, .post_norms = true, .full_every = 6},
    {.name = "granite"},
    {.name = "internlm2"},
    {.name = "llama"},
    {.name = "minicpm"},
    {.name = "phi3"},
    {.name = "qwen2"},
    {.name = "qwen3", .qk_norm = true},
    {.name = "qwen3moe", .qk_norm = true},
    {.name = "smollm3", .no_rope_every = 4},
};

// Keys that change what is computed in a way that no flag describes, and the one value that changes nothing.
struct Neutral { std::string_view name; double value; };
constexpr Neutral neutral[] = {
    {"attention.causal", 1}, {"attention.clamp_kqv", 0}, {"attention.max_alibi_bias", 0}, {"attention.temperature_scale", 0},
    {"expert_shared_count", 0}, {"expert_weights_scale", 1}, {"expert_gating_func", 1}, {"rope.scaling.yarn_log_multiplier", 0},
    {"expert_group_count", 1}, {"leading_dense_block_count", 0}, {"nextn_predict_layers", 0}, {"use_parallel_residual", 0},
};

Result<void> refuse_unsupported(const Keys& keys) {
  for (const Neutral& key : neutral) {
    const json::Value* value = keys.find(key.name);
    if (!value) continue;
    const double x = value->IsBool() ? value->GetBool() : value->IsNumber() ? value->GetDouble() : NAN;
    if (!(x == key.value)) return keys.unsupported(key.name, "asks for something that is not supported");
  }
  return {};
}

Result<std::vector<double>> read_divisors(const Keys& keys, std::string_view name, uint32_t dims) {
  const Tensor* tensor = keys.checkpoint().find(name);
  if (!tensor) return std::vector<double>{};
  if (tensor->type != TensorType::f32 || tensor->shape != std::vector<uint64_t>{dims / 2})
    return keys.wrong(fmt::format("tensor \"{}\" must be F32 of shape [{}]", name, dims / 2));
  std::vector<float> divisors(dims / 2);
  std::memcpy(divisors.data(), tensor->bytes.data(), divisors.size() * sizeof(float));
  for (const float divisor : divisors)
    if (!(divisor > 0) || !std::isfinite(divisor))
      return keys.wrong(fmt::format("tensor \"{}\" holds a factor that is not positive", name));
  return std::vector<double>(divisors.begin(), divisors.end());
}

Result<Rope> read_rope(const Keys& keys, const Architecture& a) {
  Rope rope;
  SXT_TRY(rope.dims, keys.count_or("rope.dimension_count", 1'024, a.head_dim));
  if (rope.dims > a.head_dim || rope.dims % 2 != 0)
    return keys.wrong(fmt::format("{} must be even and at most {}", keys.key("rope.dimension_count"), a.head_dim));
  SXT_TRY(rope.theta, keys.number_or("rope.freq_base", 1.0001, 1e12, 10'000));
  SXT_TRY(rope.original_context, keys.count_or("rope.scaling.original_context_length", 1 << 27, a.context));
  SXT_TRY(rope.magnitude, keys.number_or("rope.scaling.attn_factor", 1e-3, 1e3, 1));
  SXT_TRY(const double old_factor, keys.number_or("rope.scale_linear", 0, 1e6, 0));
  SXT_TRY(double factor, keys.number_or("rope.scaling.factor", 0, 1e6, old_factor));
  rope.factor = factor > 0 ? factor : 1;
  SXT_TRY(rope.long_divisors, read_divisors(keys, "rope_factors_long.weight", rope.dims));
  SXT_TRY(rope.divisors,
          read_divisors(keys, rope.long_divisors.empty() ? "rope_freqs.weight" : "rope_factors_short.weight", rope.dims));
  SXT_TRY(const std::string type, keys.text_or("rope.scaling.type", rope.long_divisors.empty() ? "linear" : "longrope"));
  if (!rope.long_divisors.empty() || keys.checkpoint().find("rope_factors_short.weight")) {
    if (type != "longrope" || rope.divisors.empty() || rope.long_divisors.empty())
      return keys.wrong("tensors \"rope_factors_long.weight\" and \"rope_factors_short.weight\" go together, with LongRoPE");
    rope.scaling = Rope::Scaling::longrope;
  } else if (type == "yarn") {
    rope.scaling = Rope::Scaling::yarn;
    SXT_TRY(rope.beta_fast, keys.number_or("rope.scaling.yarn_beta_fast", 1e-3, 1e6, 32));
    SXT_TRY(rope.beta_slow, keys.number_or("rope.scaling.yarn_beta_slow", 1e-3, 1e6, 1));
    rope.magnitude *= yarn_magnitude(rope.factor, 1);
  } else if (type == "linear") {
    rope.scaling = rope.factor == 1 ? Rope::Scaling::none : Rope::Scaling::linear;
  } else if (type != "none") {
    return keys.unsupported("rope.scaling.type", "asks for a RoPE scaling that is not supported");
  }
  return rope;
}

// Which layers have a window, and which RoPE.
Result<void> read_layers(const Keys& keys, const Family& family, Architecture& a) {
  SXT_TRY(const uint32_t window,
          keys.whole_or("attention.sliding_window", 1 << 27, family.name == "gemma2" ? 4'096 : 0));
  uint32_t full_every = family.full_every;
  std::vector<uint32_t> pattern;  // 1: a window
  if (const json::Value* value = keys.find("attention.sliding_window_pattern"); value && value->IsArray()) {
    SXT_TRY(pattern, keys.counts("attention.sliding_window_pattern", a.layers.size()));
  } else if (value) {
    SXT_TRY(full_every, keys.count("attention.sliding_window_pattern", 1'024));
  }
  const bool two_ropes = family.name == "gemma3" && window != 0;
  if (two_ropes) {
    Rope local{.dims = a.ropes[0].dims, .original_context = a.context};
    SXT_TRY(local.theta, keys.number_or("rope.freq_base_swa", 1.0001, 1e12, 10'000));
    a.ropes.push_back(std::move(local));
  }
  for (uint32_t l = 0; l < a.layers.size(); ++l) {
    const bool windowed = pattern.empty() ? full_every == 0 || (l + 1) % full_every != 0 : pattern[l] != 0;
    a.layers[l].window = windowed ? window : 0;
    a.layers[l].rope = two_ropes && windowed ? 1 : 0;
    if (family.no_rope_every != 0 && (l + 1) % family.no_rope_every == 0) a.layers[l].rope = -1;
    a.layers[l].experts = keys.checkpoint().find(fmt::format("blk.{}.ffn_gate_inp.weight", l)) != nullptr;
  }
  return {};
}

Result<void> read_experts(const Keys& keys, Architecture& a) {
  const bool there = std::any_of(a.layers.begin(), a.layers.end(), [](const LayerShape& l) { return l.experts; });
  SXT_TRY(a.experts.count, keys.whole_or("expert_count", experts_max, 0));
  if (there != (a.experts.count != 0))
    return keys.wrong(fmt::format("{} and the layers' routers do not agree", keys.key("expert_count")));
  if (!there) return {};
  SXT_TRY(a.experts.used, keys.count("expert_used_count", a.experts.count));
  SXT_TRY(a.experts.feed_forward, keys.count_or("expert_feed_forward_length", 1 << 20, a.feed_forward));
  SXT_TRY(a.experts.normalise, keys.flag_or("expert_weights_norm", true));
  return {};
}

// Soft caps and the scales of embedding, branches, scores and logits.
Result<void> read_scales(const Keys& keys, const Family& family, Architecture& a) {
  if (family.gemma) {
    a.activation = Activation::gelu_tanh;
    a.embedding_scale = std::sqrt(static_cast<float>(a.hidden));
  }
  // the two largest scale their scores by the width of a head as it would be without key_length
  if ((family.name == "gemma2" && a.layers.size() == 46) || (family.name == "gemma3" && a.layers.size() == 62))
    a.attention_scale = inverse_root(static_cast<double>(a.hidden) / a.heads);
  SXT_TRY(a.attention_scale, real_or(keys, "attention.scale", 1e-6, 1e6, a.attention_scale));
  if (family.name == "gemma2" || family.name == "gemma3") {
    const bool second = family.name == "gemma2";
    SXT_TRY(a.attention_softcap, real_or(keys, "attn_logit_softcapping", 0, 1e6, second ? 50 : 0));
    SXT_TRY(a.logit_softcap, real_or(keys, "final_logit_softcapping", 0, 1e6, second ? 30 : 0));
  }
  const bool minicpm = family.name == "minicpm";
  if (!minicpm && family.name != "granite") {
    for (const std::string_view name : {"embedding_scale", "residual_scale", "logit_scale"})
      if (keys.find(name)) return keys.unsupported(name, "asks for something that is not supported");
    return {};
  }
  // MiniCPM's first files have none of these keys: its only sizes then had scale_emb 12, scale_depth 1.4, dim_model_base 256
  SXT_TRY(a.embedding_scale, real_or(keys, "embedding_scale", 1e-6, 1e6, minicpm ? 12 : 1));
  SXT_TRY(a.residual_scale,
          real_or(keys, "residual_scale", 1e-6, 1e6, minicpm ? 1.4 / std::sqrt(double(a.layers.size())) : 1));
  SXT_TRY(const double divisor, keys.number_or("logit_scale", 1e-6, 1e6, minicpm ? a.hidden / 256.0 : 1));
  a.logit_scale = static_cast<float>(1 / divisor);
  return {};
}

Result<Architecture> read_family(const Checkpoint& checkpoint, const Family& family) {
  const Keys keys = Keys::of_gguf(checkpoint, std::string(family.name));
  SXT_CHECK(refuse_unsupported(keys));
  Architecture a;
  a.family = family.name;
  SXT_CHECK(read_widths(keys,
                        {.layers = "block_count", .hidden = "embedding_length", .heads = "attention.head_count",
                         .kv_heads = "attention.head_count_kv", .head_dim = "attention.key_length",
                         .feed_forward = "feed_forward_length", .context = "context_length",
                         .norm_epsilon = "attention.layer_norm_rms_epsilon"},
                        {.norm_epsilon = 1e-5}, a));
  SXT_TRY(const uint32_t value_dim, keys.count_or("attention.value_length", 1'024, a.head_dim));
  if (value_dim != a.head_dim) return keys.unsupported("attention.value_length", "differs from the keys' length");
  if (family.name == "baichuan" && a.layers.size() == 40)
    return keys.unsupported("block_count", "is that of the 13B model, whose ALiBi is not supported");
  a.attention_scale = inverse_root(a.head_dim);
  SXT_TRY(Rope rope, read_rope(keys, a));
  a.ropes.push_back(std::move(rope));
  SXT_CHECK(read_layers(keys, family, a));
  SXT_CHECK(read_experts(keys, a));
  SXT_CHECK(read_scales(keys, family, a));
  a.qk_norm = family.qk_norm;
  a.post_norms = family.post_norms;
  const auto stored = [&](std::string_view name) { return checkpoint.find(name) != nullptr; };
  a.qkv_bias = stored("blk.0.attn_q.bias") || stored("blk.0.attn_qkv.bias");
  a.output_bias = stored("blk.0.attn_output.bias");
  a.feed_forward_bias = stored("blk.0.ffn_down.bias");
  const Tensor* embedding = checkpoint.find("token_embd.weight");
  if (!embedding) return keys.wrong("tensor \"token_embd.weight\" is missing");
  if (embedding->shape.size() != 2 || embedding->rows() > vocab_max)
    return keys.wrong(fmt::format("tensor \"token_embd.weight\" must be a matrix of at most {} tokens", vocab_max));
  a.vocab = static_cast<uint32_t>(embedding->rows());
  a.head_normalised = family.name == "baichuan" && a.vocab == 125'696;  // Baichuan2, the first has 64,000
  a.tied_embeddings = !stored("output.weight");
  warn_of_ignored_keys(keys, a.warnings);
  return a;
}

}  // namespace

Result<Architecture> read_gguf_architecture(const Checkpoint& checkpoint) {
  const auto name = json::find_string(checkpoint.metadata(), "general.architecture");
  if (!name) {
    return Error{Error::Kind::data, fmt::format("{}: metadata key \"general.architecture\" is missing; convert the model anew",
                                                checkpoint.path())};
  }
  std::vector<std::string_view> supported;
  for (const Family& family : families) {
    if (family.name == *name) return read_family(checkpoint, family);
    supported.push_back(family.name);
  }
  return unknown_family(checkpoint, "architecture", *name, supported);
}

}  // namespace sextant::engine
