#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "fixed_math.hpp"
#include "hf_families.hpp"
#include "shape.hpp"

namespace sextant::engine {
namespace {

constexpr double most = 1e9;  // of a factor, a base's exponent apart

struct Context {
  const Keys& config;
  const Architecture& a;
  double theta, partial;  // where the rope's own object says nothing
  std::vector<std::string>& warnings;
};

// Two keys for one thing: which one counts is transformers' choice.
void warn_of_conflicts(const Keys& keys, const Context& c) {
  const json::Value *inner = keys.find("rope_theta"), *outer = c.config.find("rope_theta");
  if (inner && outer && inner != outer && *inner != *outer)
    c.warnings.push_back(fmt::format("{} is {}, and {} is {}; the former counts", keys.key("rope_theta"), json::write(*inner),
                                     c.config.key("rope_theta"), json::write(*outer)));
  const json::Value *type = keys.find("rope_type"), *old_type = keys.find("type");
  if (type && old_type && *type != *old_type)
    c.warnings.push_back(fmt::format("{} is {}, and {} is {}; the former counts", keys.key("rope_type"), json::write(*type),
                                     keys.key("type"), json::write(*old_type)));
}

// Null where it is null, false, 0, "" or []: transformers asks whether it is true.
const json::Value* asked(const Keys& config, std::string_view name) {
  const json::Value* value = config.find(name);
  if (!value || value->IsFalse() || (value->IsArray() && value->Empty()) ||
      (value->IsString() && value->GetStringLength() == 0))
    return nullptr;
  return value->IsNumber() && value->GetDouble() == 0 ? nullptr : value;
}

Result<void> refuse_unknown(const Keys& config, std::string_view name) {
  constexpr std::string_view known[] = {
      "rope_type", "type", "rope_theta", "partial_rotary_factor", "factor", "original_max_position_embeddings",
      "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate", "low_freq_factor",
      "high_freq_factor", "short_factor", "long_factor", "finetuned"};
  const json::Value* object = asked(config, name);
  if (!object) return {};
  if (!object->IsObject()) return config.wrong(fmt::format("{} must be an object", config.key(name)));
  for (const auto& member : object->GetObject()) {
    if (member.value.IsNull() || std::find(std::begin(known), std::end(known), json::text(member.name)) != std::end(known))
      continue;
    return config.inside(name).unsupported(json::text(member.name), "is not known");
  }
  return {};
}

Result<void> read_yarn(const Keys& keys, const Context& c, Rope& rope) {
  rope.scaling = Rope::Scaling::yarn;
  SXT_TRY(rope.factor, keys.number_or("factor", 1e-3, most, double(c.a.context) / rope.original_context));
  SXT_TRY(rope.beta_fast, keys.number_or("beta_fast", 1e-3, most, 32));
  SXT_TRY(rope.beta_slow, keys.number_or("beta_slow", 1e-3, most, 1));
  SXT_TRY(rope.truncate, keys.flag_or("truncate", true));
  SXT_TRY(const double mscale, keys.number_or("mscale", 0, most, 0));
  SXT_TRY(const double mscale_all, keys.number_or("mscale_all_dim", 0, most, 0));
  const double magnitude = mscale != 0 && mscale_all != 0
                               ? yarn_magnitude(rope.factor, mscale) / yarn_magnitude(rope.factor, mscale_all)
                               : yarn_magnitude(rope.factor, 1);
  SXT_TRY(rope.magnitude, keys.number_or("attention_factor", 1e-6, most, magnitude));
  return {};
}

Result<void> read_longrope(const Keys& keys, const Context& c, Rope& rope) {
  rope.scaling = Rope::Scaling::longrope;
  SXT_TRY(rope.divisors, keys.numbers("short_factor", rope.dims / 2, 1e-6, most));
  SXT_TRY(rope.long_divisors, keys.numbers("long_factor", rope.dims / 2, 1e-6, most));
  if (rope.original_context < 2) return keys.wrong("LongRoPE needs an original context of more than one token");
  const double stretched = double(c.a.context) / rope.original_context;
  double factor = stretched;
  if (!c.config.find("original_max_position_embeddings")) { SXT_TRY(factor, keys.number_or("factor", 1e-3, most, stretched)); }
  const double magnitude = factor <= 1 ? 1 : std::sqrt(1 + fixed::ln(factor) / fixed::ln(double(rope.original_context)));
  SXT_TRY(rope.magnitude, keys.number_or("attention_factor", 1e-6, most, magnitude));
  return {};
}

Result<void> read_llama3(const Keys& keys, Rope& rope) {
  rope.scaling = Rope::Scaling::llama3;
  SXT_TRY(rope.factor, keys.number("factor", 1e-3, most));
  SXT_TRY(rope.low_frequency_factor, keys.number("low_freq_factor", 1e-3, most));
  SXT_TRY(rope.high_frequency_factor, keys.number("high_freq_factor", 1e-3, most));
  if (rope.high_frequency_factor <= rope.low_frequency_factor)
    return keys.wrong(fmt::format("{} must be above low_freq_factor", keys.key("high_freq_factor")));
  return {};
}

// `keys`: the members of the rope's own object, none where there is no such object.
Result<Rope> read_rope(const Keys& keys, const Context& c) {
  Rope rope;
  warn_of_conflicts(keys, c);
  SXT_TRY(rope.theta, keys.number_or("rope_theta", 1.0001, 1e12, c.theta));
  SXT_TRY(const double partial, keys.number_or("partial_rotary_factor", 0, 1, c.partial));
  const Keys& says_partial = keys.find("partial_rotary_factor") ? keys : c.config;
  // of the families here only Phi-3 rotates a part; transformers passes the key over for the others, llama.cpp does not
  if (partial != 1 && c.a.family != "phi3")
    return says_partial.unsupported("partial_rotary_factor",
                                    fmt::format("is {}, which transformers passes over in a model of the family {}, so that what "
                                                "the model was trained with cannot be known",
                                                partial, c.a.family));
  rope.dims = static_cast<uint32_t>(c.a.head_dim * partial);
  if (rope.dims % 2 != 0 || rope.dims == 0)
    return keys.wrong(fmt::format("{} leaves {} of {} dimensions to RoPE, and they must be even",
                                  says_partial.key("partial_rotary_factor"), rope.dims, c.a.head_dim));
  SXT_TRY(const uint32_t own_context, keys.count_or("original_max_position_embeddings", 1 << 27, c.a.context));
  SXT_TRY(rope.original_context, c.config.count_or("original_max_position_embeddings", 1 << 27, own_context));
  SXT_TRY(const std::string old_type, keys.text_or("type", "default"));
  SXT_TRY(std::string type, keys.text_or("rope_type", old_type));
  if (type == "su" || (type == "yarn" && keys.find("short_factor"))) type = "longrope";  // Phi-3's first names for it
  if (type == "default") return rope;
  if (type == "linear") {
    rope.scaling = Rope::Scaling::linear;
    SXT_TRY(rope.factor, keys.number("factor", 1e-3, most));
  } else if (type == "dynamic") {
    rope.scaling = Rope::Scaling::dynamic_ntk;
    rope.original_context = c.a.context;
    SXT_TRY(rope.factor, keys.number("factor", 1, most));
    if (rope.dims == 2) return keys.unsupported("type", "is \"dynamic\", which two dimensions are too few for");
  } else if (type == "llama3") {
    SXT_CHECK(read_llama3(keys, rope));
  } else if (type == "yarn") {
    SXT_CHECK(read_yarn(keys, c, rope));
  } else if (type == "longrope") {
    SXT_CHECK(read_longrope(keys, c, rope));
  } else {
    return keys.unsupported(keys.find("rope_type") ? "rope_type" : "type",
                            fmt::format("is {}, and the scalings are default, linear, dynamic, llama3, yarn and longrope",
                                        json::quote(type.substr(0, 80))));
  }
  return rope;
}

}  // namespace

Result<std::vector<Rope>> read_hf_ropes(const Keys& config, const Architecture& a, double default_theta,
                                        std::vector<std::string>& ret_warnings) {
  Context c{config, a, default_theta, 1, ret_warnings};
  SXT_TRY(c.theta, config.number_or("rope_theta", 1.0001, 1e12, default_theta));
  SXT_TRY(c.partial, config.number_or("partial_rotary_factor", 0, 1, 1));
  const json::Value *style_5 = asked(config, "rope_parameters"), *style_4 = asked(config, "rope_scaling");
  if (style_5 && style_4 && *style_5 != *style_4)
    return Error{Error::Kind::data, fmt::format("{}: {} and rope_scaling differ; take the wrong one out of config.json",
                                                config.checkpoint().path(), config.key("rope_parameters"))};
  const std::string_view name = style_5 ? "rope_parameters" : "rope_scaling";
  const Keys parameters = config.inside(name);
  std::vector<Rope> ropes(1);
  if (parameters.find("full_attention") || parameters.find("sliding_attention")) {
    ropes.resize(2);
    for (size_t i = 0; i < 2; ++i) {
      const std::string_view type = i == 0 ? "full_attention" : "sliding_attention";
      SXT_CHECK(refuse_unknown(parameters, type));
      SXT_TRY(ropes[i], read_rope(parameters.inside(type), c));
    }
    return ropes;
  }
  SXT_CHECK(refuse_unknown(config, name));
  SXT_TRY(ropes[0], read_rope(parameters, c));
  if (a.family == "gemma3") {  // its windows' rope has a base of its own and is never stretched
    Rope windowed{.dims = ropes[0].dims, .original_context = a.context};
    SXT_TRY(windowed.theta, config.number_or("rope_local_base_freq", 1.0001, 1e12, 10'000));
    ropes.push_back(std::move(windowed));
  }
  return ropes;
}

}  // namespace sextant::engine
