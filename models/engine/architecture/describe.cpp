#include "describe.hpp"
#include <algorithm>
#include <map>
#include <string>
#include <fmt/format.h>

namespace sextant::engine {
namespace {

const char* name_of(Rope::Scaling scaling) {
  switch (scaling) {
    case Rope::Scaling::linear: return "linear";
    case Rope::Scaling::dynamic_ntk: return "dynamic NTK";
    case Rope::Scaling::llama3: return "llama3";
    case Rope::Scaling::yarn: return "YaRN";
    case Rope::Scaling::longrope: return "LongRoPE";
    case Rope::Scaling::none: break;
  }
  return "none";
}

class Object {
 public:
  explicit Object(json::Writer& writer) : w_(writer) { w_.StartObject(); }
  ~Object() { w_.EndObject(); }
  Object(const Object&) = delete;

  void text(const char* key, const char* value) { w_.Key(key), w_.String(value); }
  void number(const char* key, uint64_t value) { w_.Key(key), w_.Uint64(value); }
  // a float is written with the digits that it has, not with those of the nearest double
  void real(const char* key, double value) { w_.Key(key), w_.Double(std::stod(fmt::format("{}", static_cast<float>(value)))); }
  void flag(const char* key, bool value) { w_.Key(key), w_.Bool(value); }
  void real_unless(double usual, const char* key, double value) {
    if (value != usual) real(key, value);
  }
  void flag_if(const char* key, bool value) {
    if (value) flag(key, value);
  }

 private:
  json::Writer& w_;
};

template <class Of> uint64_t layers_with(const Architecture& a, Of&& of) {
  return static_cast<uint64_t>(std::count_if(a.layers.begin(), a.layers.end(), of));
}

void write_ropes(json::Writer& w, const Architecture& a) {
  w.Key("ropes");
  w.StartArray();
  for (size_t k = 0; k < a.ropes.size(); ++k) {
    const Rope& rope = a.ropes[k];
    Object object(w);
    object.number("layers", layers_with(a, [&](const LayerShape& l) { return l.rope == static_cast<int32_t>(k); }));
    object.real("theta", rope.theta);
    object.number("dims", rope.dims);
    object.text("scaling", rope.scaling == Rope::Scaling::none && !rope.divisors.empty() ? "divisors" : name_of(rope.scaling));
    object.real_unless(1, "factor", rope.factor);
    if (rope.original_context != 0) object.number("original_context", rope.original_context);
    object.real_unless(1, "magnitude", rope.magnitude);
  }
  w.EndArray();
  const uint64_t without = layers_with(a, [](const LayerShape& l) { return l.rope < 0; });
  if (without > 0) w.Key("layers_without_positions"), w.Uint64(without);
}

void write_windows(json::Writer& w, const Architecture& a) {
  std::map<uint32_t, uint64_t> windows;
  for (const LayerShape& layer : a.layers)
    if (layer.window != 0) ++windows[layer.window];
  if (windows.empty()) return;
  w.Key("windows");
  w.StartArray();
  for (const auto& [window, layers] : windows) {
    Object object(w);
    object.number("tokens", window);
    object.number("layers", layers);
  }
  w.EndArray();
}

void write_experts(json::Writer& w, const Architecture& a) {
  if (a.experts.count == 0) return;
  w.Key("experts");
  Object object(w);
  object.number("layers", layers_with(a, [](const LayerShape& l) { return l.experts; }));
  object.number("count", a.experts.count);
  object.number("used", a.experts.used);
  object.number("feed_forward", a.experts.feed_forward);
  object.flag("normalised", a.experts.normalise);
}

}  // namespace

void write_architecture(json::Writer& w, const Architecture& a) {
  Object object(w);
  object.number("layers", a.layers.size());
  object.number("hidden", a.hidden);
  object.number("heads", a.heads);
  object.number("kv_heads", a.kv_heads);
  object.number("head_dim", a.head_dim);
  object.number("feed_forward", a.feed_forward);
  object.number("vocab", a.vocab);
  object.number("context", a.context);
  object.text("activation", a.activation == Activation::silu ? "SiLU" : "GELU-tanh");
  object.real("norm_epsilon", static_cast<double>(a.norm_epsilon));
  object.real("attention_scale", static_cast<double>(a.attention_scale));
  object.flag("tied_embeddings", a.tied_embeddings);
  write_ropes(w, a);
  write_windows(w, a);
  write_experts(w, a);
  object.flag_if("qkv_bias", a.qkv_bias);
  object.flag_if("output_bias", a.output_bias);
  object.flag_if("feed_forward_bias", a.feed_forward_bias);
  object.flag_if("qk_norm", a.qk_norm);
  object.flag_if("post_norms", a.post_norms);
  object.flag_if("head_normalised", a.head_normalised);
  object.real_unless(0, "norm_offset", static_cast<double>(a.norm_offset));
  object.real_unless(1, "embedding_scale", static_cast<double>(a.embedding_scale));
  object.real_unless(1, "residual_scale", static_cast<double>(a.residual_scale));
  object.real_unless(1, "logit_scale", static_cast<double>(a.logit_scale));
  object.real_unless(0, "attention_softcap", static_cast<double>(a.attention_softcap));
  object.real_unless(0, "logit_softcap", static_cast<double>(a.logit_softcap));
}

}  // namespace sextant::engine
