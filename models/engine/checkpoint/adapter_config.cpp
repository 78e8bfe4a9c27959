#include "adapter_config.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "known_keys.hpp"
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

// What is not followed because it says how the adapter was made, or where: nothing of it is computed with the weights as they
// are.
constexpr std::string_view of_training[] = {
    "auto_mapping",  "base_model_name_or_path", "corda_config",     "eva_config",        "inference_mode", "init_lora_weights",
    "loftq_config",  "lora_dropout",            "lora_ga_config",   "megatron_config",   "megatron_core",  "peft_type",
    "peft_version",  "qalora_group_size",       "revision",         "runtime_config",    "velora_config"};
constexpr std::string_view followed[] = {"alpha_pattern",       "bias",
                                         "ensure_weight_tying", "exclude_modules",
                                         "fan_in_fan_out",      "layers_pattern",
                                         "layers_to_transform", "lora_alpha",
                                         "modules_to_save",     "r",
                                         "rank_pattern",        "target_modules",
                                         "task_type",           "use_dora",
                                         "use_rslora"};

Result<void> refuse_variants(const json::Value& config, const std::string& path) {
  const auto variant = [&](std::string_view key, std::string_view value) {
    return refused(
        path,
        fmt::format(
            "\"{}\": {} asks for what is not computed here: LoRA, DoRA and whole modules are; merge the adapter with peft "
            "(merge_and_unload) and give the merged model",
            key, value.substr(0, 80)));
  };
  for (const char* key : {"trainable_token_indices", "target_parameters", "layer_replication", "lora_bias",
                          "alora_invocation_tokens", "arrow_config", "kasa_config", "monteclora_config"})
    if (const json::Value* value = json::find(config, key); asks(value)) return variant(key, json::write(*value));
  for (const auto& member : config.GetObject()) {  // use_qalora, use_bdlora, and what comes later
    const std::string_view key = json::text(member.name);
    if (key.starts_with("use_") && !is_one_of(followed, key) && asks(&member.value))
      return variant(key, json::write(member.value));
  }
  const json::Value* bias = json::find(config, "bias");
  if (asks(bias) && *bias != "none" && *bias != "all" && *bias != "lora_only") return variant("bias", json::write(*bias));
  // All others change the base weights when training begins (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA ..), and the adapter is the
  // difference to what they became.
  const std::string start = json::find_string(config, "init_lora_weights").value_or("");
  if (!start.empty() && start != "gaussian" && start != "eva" && start != "orthogonal")
    return variant("init_lora_weights", json::quote(start));
  return {};
}

// How PEFT names modules: by regular expressions, which are mostly plain names. `tail`: a module matches too if what stands
// behind one of its dots does. The pattern comes out of a file that anybody may have made.
Result<Regex> module_pattern(std::string_view regex, bool tail) {
  RegexOptions options;
  options.whole = options.valid_text = true;
  options.unicode_classes = false;
  options.limits = {.steps = 100'000, .heap_kib = 1'024, .pattern_bytes = 10'100};
  options.error_kind = Error::Kind::data;
  options.advice = "take adapter_config.json as peft wrote it";
  auto compiled = Regex::compile(fmt::format("{}(?:{})", tail ? "(?:.*\\.)?" : "", regex), std::move(options));
  if (!compiled) return Error{Error::Kind::data, fmt::format("{} is not a regular expression that can be read", shown(regex))};
  return compiled;
}

Result<double> number(const json::Value& value, std::string_view key, double most, const std::string& path) {
  const double x = value.IsNumber() ? value.GetDouble() : NAN;
  if (!(std::abs(x) <= most))
    return refused(path,
                   fmt::format("\"{}\" must be a number of at most {}; take adapter_config.json as peft wrote it", key, most));
  return x;
}

}  // namespace

Result<std::vector<AdapterConfig::Override>> AdapterConfig::overrides(const json::Value& config, const char* key,
                                                                      const std::string& path) {
  std::vector<Override> list;
  const json::Value* map = json::find(config, key);
  if (!asks(map)) return list;
  if (!map->IsObject())
    return refused(path, fmt::format("\"{}\" must be an object; take adapter_config.json as peft wrote it", key));
  for (const auto& member : map->GetObject()) {
    auto pattern = module_pattern(json::text(member.name), true);
    if (!pattern)
      return refused(path, fmt::format("\"{}\": {}; take adapter_config.json as peft wrote it", key, pattern.error().message));
    SXT_TRY(const double value, number(member.value, key, max_alpha, path));
    list.push_back({*std::move(pattern), value});
  }
  return list;
}

namespace {

// A list of names, or one name, or nothing.
Result<std::vector<std::string>> names(const json::Value& json, const char* key, const std::string& path) {
  std::vector<std::string> list;
  const json::Value* value = json::find(json, key);
  if (!asks(value)) return list;
  const auto add = [&](const json::Value& name) {
    if (name.IsString()) list.emplace_back(json::text(name));
    return name.IsString();
  };
  bool good = value->IsArray() || add(*value);
  if (value->IsArray())
    for (const json::Value& name : value->GetArray()) good = good && add(name);
  if (!good) return refused(path, fmt::format("\"{}\" must be names; take adapter_config.json as peft wrote it", key));
  return list;
}

// target_modules and exclude_modules: a text is a regular expression for the whole name, a list has names or their ends.
Result<std::vector<Regex>> patterns(const json::Value& json, const char* key, const std::string& path) {
  std::vector<Regex> list;
  const json::Value* value = json::find(json, key);
  const bool regex = value && value->IsString();
  SXT_TRY(const std::vector<std::string> all, names(json, key, path));
  for (const std::string& name : all) {
    auto pattern = module_pattern(regex ? name : regex_escape(name), !regex);
    if (!pattern)
      return refused(path, fmt::format("\"{}\": {}; take adapter_config.json as peft wrote it", key, pattern.error().message));
    list.push_back(*std::move(pattern));
  }
  return list;
}

// Names in the layers that layers_to_transform lists: PEFT takes the last number behind one of layers_pattern, or behind any
// name.
Result<std::vector<Regex>> layers(const json::Value& json, const std::string& path) {
  std::vector<Regex> list;
  const json::Value* value = json::find(json, "layers_to_transform");
  if (!value || value->IsNull() || (value->IsArray() && value->Empty())) return list;
  std::string numbers;
  const auto add = [&](const json::Value& number) {
    if (number.IsUint64()) numbers += fmt::format("{}{}", numbers.empty() ? "" : "|", number.GetUint64());
    return number.IsUint64();
  };
  bool good = value->IsArray() || add(*value);
  if (value->IsArray())
    for (const json::Value& number : value->GetArray()) good = good && add(number);
  if (!good) return refused(path, "\"layers_to_transform\" must be whole numbers; take adapter_config.json as peft wrote it");
  SXT_TRY(std::vector<std::string> before, names(json, "layers_pattern", path));
  if (before.empty()) before.emplace_back("[^.]*");
  for (const std::string& pattern : before) {
    auto compiled =
        module_pattern(fmt::format(".*\\.(?:{0})\\.(?:{1})\\.(?!(?:.*\\.)?(?:{0})\\.[0-9]+\\.).*", pattern, numbers), false);
    if (!compiled)
      return refused(
          path, fmt::format("\"layers_pattern\": {}; take adapter_config.json as peft wrote it", compiled.error().message));
    list.push_back(*std::move(compiled));
  }
  return list;
}

}  // namespace

Result<void> AdapterConfig::read_numbers(const json::Value& json, const std::string& path) {
  rank_stabilised_ = json::find_bool(json, "use_rslora").value_or(false);
  if (const json::Value* r = json::find(json, "r")) { SXT_TRY(rank_, number(*r, "r", max_rank, path)); }
  has_rank_ = json::find(json, "r") || asks(json::find(json, "rank_pattern"));
  if (!has_rank_) warnings_.emplace_back("\"r\" is missing; 8 is taken, as peft does");
  if (const json::Value* alpha = json::find(json, "lora_alpha")) {
    SXT_TRY(alpha_, number(*alpha, "lora_alpha", max_alpha, path));
  } else warnings_.emplace_back("\"lora_alpha\" is missing; 8 is taken, as peft does");
  SXT_TRY(ranks_, overrides(json, "rank_pattern", path));
  SXT_TRY(alphas_, overrides(json, "alpha_pattern", path));
  return {};
}

Result<void> AdapterConfig::read_modules(const json::Value& json, const std::string& path) {
  const json::Value* targets = json::find(json, "target_modules");
  if (targets && *targets != "all-linear") { SXT_TRY(targets_, patterns(json, "target_modules", path)); }
  SXT_TRY(excluded_, patterns(json, "exclude_modules", path));
  SXT_TRY(layers_, layers(json, path));
  SXT_TRY(whole_modules_, names(json, "modules_to_save", path));
  return {};
}

void AdapterConfig::warn_of_keys(const json::Value& json) {
  for (const auto& member : json.GetObject()) {
    const std::string_view key = json::text(member.name);
    if (asks(&member.value) && !is_one_of(of_training, key) && !is_one_of(followed, key))
      warnings_.push_back(fmt::format("{} is not a key that is known of a LoRA adapter, and is not followed", shown(key)));
  }
  const std::string task = json::find_string(json, "task_type").value_or("");
  if (!task.empty() && task != "CAUSAL_LM" && task != "FEATURE_EXTRACTION")
    warnings_.push_back(fmt::format("\"task_type\" is {}: the adapter was not made for predicting text", shown(task)));
  if (json::find_bool(json, "fan_in_fan_out").value_or(false))
    warnings_.emplace_back(
        "\"fan_in_fan_out\" is for layers that store [inputs, outputs]; none here does, so it is put out, as by peft");
}

Result<AdapterConfig> AdapterConfig::read(const std::string& path) {
  SXT_TRY(const json::Document json, read_json_file(path, max_config_bytes));
  if (!json.IsObject()) return refused(path, "is not a JSON object; take adapter_config.json as peft wrote it");
  const std::string type = json::find_string(json, "peft_type").value_or("");
  if (type != "LORA")
    return refused(
        path,
        fmt::format("\"peft_type\" is {}, and only LORA adapters can be merged; merge it with peft and give the merged model",
                    shown(type)));
  SXT_CHECK(refuse_variants(json, path));
  AdapterConfig config;
  config.dora_ = json::find_bool(json, "use_dora").value_or(false);
  config.keeps_tied_ = json::find_bool(json, "ensure_weight_tying").value_or(false);
  SXT_CHECK(config.read_numbers(json, path));
  SXT_CHECK(config.read_modules(json, path));
  config.warn_of_keys(json);
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

Result<std::string_view> AdapterConfig::left_out_by(std::string_view module) const {
  const auto any = [&](const std::vector<Regex>& patterns) -> Result<bool> {
    for (const Regex& pattern : patterns) {
      SXT_TRY(const bool found, pattern.found_in(module));
      if (found) return true;
    }
    return false;
  };
  SXT_TRY(const bool excluded, any(excluded_));
  if (excluded) return std::string_view("exclude_modules");
  SXT_TRY(const bool targeted, any(targets_));
  if (!targeted && !targets_.empty()) return std::string_view("target_modules");
  SXT_TRY(const bool in_layers, any(layers_));
  if (!in_layers && !layers_.empty()) return std::string_view("layers_to_transform");
  return std::string_view();
}

}  // namespace sextant::engine
