#include "config.hpp"
#include <algorithm>

namespace sextant::engine {

BackendConfig read_backend_config(const Context& context) {
  const json::Value& json = context.config();
  const auto number = [&](const char* key, int64_t otherwise) {
    return static_cast<uint64_t>(std::max<int64_t>(0, json::find_int(json, key).value_or(otherwise)));
  };
  BackendConfig config;
  config.path = context.text("path");
  config.peft_path = context.text("peft_path");
  const json::Value* weights = json::find(json, "weights");
  config.description = json::find_string(json, "weights") == "description";
  config.weights = !(weights && weights->IsNull()) && !config.description;
  config.compute = context.text("compute", "auto");
  config.batch_size = static_cast<uint32_t>(std::clamp<uint64_t>(number("batch_size", 64), 1, 1024));
  config.memory = number("memory", 0);
  config.max_seq_len = static_cast<uint32_t>(number("max_seq_len", 0));
  config.prefix_reuse = json::find_bool(json, "prefix_reuse").value_or(true);
  config.speculation = json::find_bool(json, "speculation").value_or(true);
  config.schedule_seed = number("schedule_seed", 0);
  config.thinking_budget = static_cast<uint32_t>(number("thinking_budget", 0));
  config.chat_template = context.text("chat_template", "auto");
  config.tokenizer_path = context.text("tokenizer_path");
  config.pooling = context.text("pooling", "auto");
  config.normalise = json::find_bool(json, "normalise");
  return config;
}

void check_model_is_named(const BackendConfig& config) {
  // without weights, a tokenizer or a chat template can stand alone
  const bool own_template = config.chat_template != "auto" && config.chat_template != "none";
  const bool alone = !config.weights && (!config.tokenizer_path.empty() || own_template);
  if (config.path.empty() && !alone)
    throw ConfigError("path: the configuration names no model file; set it to a .gguf file or a Hugging Face folder");
}

}  // namespace sextant::engine
