#include "adapter_config.hpp"
#include <cmath>
#include <fmt/format.h>
#include "messages.hpp"
#include "text_file.hpp"

namespace sextant::engine {
namespace {

constexpr size_t max_config_bytes = size_t{1} << 20;
constexpr double max_rank = 65'536, max_alpha = 1e9;

// Python's truth: null, false, 0, "", [] and {} ask for nothing.
bool asks(const json::Value* value) {
  if (!value || value->IsNull() || value->IsFalse()) return false;
  if (value->IsArray()) return !value->Empty();
  if (value->IsObject()) return !value->ObjectEmpty();
  if (value->IsString()) return value->GetStringLength() > 0;
  return !value->IsNumber() || value->GetDouble() != 0;
}

Result<void> refuse_variants(const json::Value& config, const std::string& path) {
  const auto variant = [&](std::string_view key, std::string_view value) {
    return refused(
        path,
        fmt::format("\"{}\": {} asks for more than W + scale * B A, which is all that is merged; merge the adapter with peft "
                    "(merge_and_unload) and give the merged model",
                    key, value.substr(0, 80)));
  };
  for (const char* key : {"modules_to_save", "trainable_token_indices", "target_parameters", "layer_replication", "lora_bias",
                          "alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config"})
    if (const json::Value* value = json::find(config, key); asks(value)) return variant(key, json::write(*value));
  for (const auto& member : config.GetObject()) {  // use_dora, use_qalora, and what comes later
    const std::string_view key = json::text(member.name);
    if (key.starts_with("use_") && key != "use_rslora" && asks(&member.value)) return variant(key, json::write(member.value));
  }
  const json::Value* bias = json::find(config, "bias");
  if (bias && !bias->IsNull() && !(bias->IsString() && json::text(*bias) == "none")) return variant("bias", json::write(*bias));
  // these change the base weights when training begins, and the adapter is the difference to what they became
  const std::string start = json::find_string(config, "init_lora_weights").value_or("");
  for (const char* method : {"pissa", "olora", "corda", "loftq", "lora_ga"})
    if (start.starts_with(method)) return variant("init_lora_weights", json::quote(start));
  return {};
}

// How PEFT names modules: by regular expressions, which are mostly plain names. `tail`: a module matches too if what stands behind one
// of its dots does. The pattern comes out of a file that anybody may have made.
Result<Regex> module_pattern(std::string_view regex, bool tail) {
  RegexOptions options;
  options.whole = options.valid_text = true;
  options.unicode_classes = false;
  options.limits = {.steps = 100'000, .heap_kib = 1'024, .pattern_bytes = 10'100};
  options.error_kind = Error::Kind::data;
  options.advice = "fetch the adapter again";
  auto compiled = Regex::compile(fmt::format("{}(?:{})", tail ? "(?:.*\\.)?" : "", regex), std::move(options));
  if (!compiled) return Error{Error::Kind::data, fmt::format("{} is no regular expression that can be read", shown(regex))};
  return compiled;
}

Result<double> number(const json::Value& value, std::string_view key, double most, const std::string& path) {
  const double x = value.IsNumber() ? value.GetDouble() : NAN;
  if (!(std::abs(x) <= most))
    return refused(path, fmt::format("\"{}\" must be a number of at most {}; fetch the adapter again", key, most));
  return x;
}

}  // namespace

Result<std::vector<AdapterConfig::Override>> AdapterConfig::overrides(const json::Value& config, const char* key,
                                                                      const std::string& path) {
  std::vector<Override> list;
  const json::Value* map = json::find(config, key);
  if (!asks(map)) return list;
  if (!map->IsObject()) return refused(path, fmt::format("\"{}\" must be an object; fetch the adapter again", key));
  for (const auto& member : map->GetObject()) {
    auto pattern = module_pattern(json::text(member.name), true);
    if (!pattern) return refused(path, fmt::format("\"{}\": {}; fetch the adapter again", key, pattern.error().message));
    SXT_TRY(const double value, number(member.value, key, max_alpha, path));
    list.push_back({*std::move(pattern), value});
  }
  return list;
}

Result<AdapterConfig> AdapterConfig::read(const std::string& path) {
  SXT_TRY(const json::Document json, read_json_file(path, max_config_bytes));
  if (!json.IsObject()) return refused(path, "is no JSON object; fetch the adapter again");
  const std::string type = json::find_string(json, "peft_type").value_or("");
  if (type != "LORA")
    return refused(
        path,
        fmt::format("\"peft_type\" is {}, and only LORA adapters can be merged; merge it with peft and give the merged model",
                    shown(type)));
  SXT_CHECK(refuse_variants(json, path));
  AdapterConfig config;
  config.rank_stabilised_ = json::find_bool(json, "use_rslora").value_or(false);
  if (const json::Value* r = json::find(json, "r")) { SXT_TRY(config.rank_, number(*r, "r", max_rank, path)); }
  if (const json::Value* alpha = json::find(json, "lora_alpha")) {
    SXT_TRY(config.alpha_, number(*alpha, "lora_alpha", max_alpha, path));
  }
  SXT_TRY(config.ranks_, overrides(json, "rank_pattern", path));
  SXT_TRY(config.alphas_, overrides(json, "alpha_pattern", path));
  // fan_in_fan_out is for layers that store [inputs, outputs]; none here does, and PEFT too puts it out for those that do not
  const json::Value* targets = json::find(json, "target_modules");
  if (!asks(targets) || (targets->IsString() && json::text(*targets) == "all-linear")) return config;
  const auto add = [&](Result<Regex> pattern) -> Result<void> {
    if (!pattern) return refused(path, fmt::format("\"target_modules\": {}; fetch the adapter again", pattern.error().message));
    config.targets_.push_back(*std::move(pattern));
    return {};
  };
  if (targets->IsString()) SXT_CHECK(add(module_pattern(json::text(*targets), false)));
  if (targets->IsArray()) {
    for (const json::Value& target : targets->GetArray()) {
      if (!target.IsString()) return refused(path, "\"target_modules\" must be names; fetch the adapter again");
      SXT_CHECK(add(module_pattern(regex_escape(json::text(target)), true)));
    }
  }
  return config;
}

Result<double> AdapterConfig::overridden(const std::vector<Override>& list, std::string_view module, double otherwise) {
  for (const Override& entry : list) {
    SXT_TRY(const bool found, entry.pattern.found_in(module));
    if (found) return entry.value;
  }
  return otherwise;
}

Result<uint64_t> AdapterConfig::rank(std::string_view module) const {
  SXT_TRY(const double rank, overridden(ranks_, module, rank_));
  return rank >= 1 && rank <= max_rank ? static_cast<uint64_t>(rank) : 0;
}

Result<double> AdapterConfig::scale(std::string_view module, uint64_t rank) const {
  SXT_TRY(const double alpha, overridden(alphas_, module, alpha_));
  return alpha / (rank_stabilised_ ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
}

Result<bool> AdapterConfig::targets(std::string_view module) const {
  for (const Regex& pattern : targets_) {
    SXT_TRY(const bool found, pattern.found_in(module));
    if (found) return true;
  }
  return targets_.empty();
}

}  // namespace sextant::engine
