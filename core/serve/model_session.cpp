#include "model_session.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../base/local_time.hpp"
#include "../base/log.hpp"

namespace sextant::serve {

namespace {

// What a description says of the context, where the model itself is not loaded.
uint32_t described_context(const json::Value& about, const config::ModelConfig& config) {
  if (config.max_seq_len > 0) return config.max_seq_len;
  for (const char* part : {"architecture", "encoder"})
    if (const json::Value* shape = json::find(about, part))
      return static_cast<uint32_t>(std::clamp<int64_t>(json::find_int(*shape, "context").value_or(0), 0, UINT32_MAX));
  return 0;
}

}  // namespace

std::optional<Load> lightest_load(const plugin::Host& host, const std::string& backend) {
  const auto found = host.registry().find(plugin::Kind::model, backend);
  const auto rules = found ? json::parse(found->component->schema, backend) : Result<json::Document>(Error{});
  const json::Value* properties = rules ? json::find(*rules, "properties") : nullptr;
  const json::Value* weights = properties ? json::find(*properties, "weights") : nullptr;
  if (!weights) return std::nullopt;
  if (const json::Value* values = json::find(*weights, "enum"); values && values->IsArray())
    for (const auto& value : values->GetArray())
      if (value.IsString() && json::text(value) == "description") return Load::description;
  return Load::vocabulary;
}

Result<ModelSession> ModelSession::open(plugin::Host& host, const config::ModelConfig& config, Load load) {
  const auto start = std::chrono::steady_clock::now();
  SXT_TRY(json::Document keys, json::parse(config.config, config.abbr));
  if (load == Load::description) json::set(keys, "weights", "description", keys.GetAllocator());
  else if (load == Load::vocabulary && host.accepts(plugin::Kind::model, config.backend, "weights"))
    json::set(keys, "weights", json::Value(rapidjson::kNullType), keys.GetAllocator());
  SXT_TRY(plugin::Model model, host.model(config.backend, json::write(keys), fmt::format("model '{}'", config.abbr)));
  ModelSession session(std::move(model));
  session.config_ = config;
  if (const auto found = host.registry().find(plugin::Kind::model, config.backend)) {
    session.concurrent_ = (found->component->capabilities & SXT_CAP_CONCURRENT) != 0;
    session.schema_ = found->component->schema;
  }
  session.now_ = local_time("%Y-%m-%dT%H:%M:%S");
  SXT_TRY(const sxt_model_info info, session.model_.info());
  session.weights_sha256_ = info.weights_sha256;
  session.context_length_ = info.context_length;
  session.has_chat_template_ = (info.abilities & SXT_MODEL_CHAT) != 0;
  SXT_TRY(const json::Document about, session.model_.describe());
  if (session.context_length_ == 0) session.context_length_ = described_context(about, config);
  session.device_ = json::find_string(about, "device").value_or(config.backend);
  session.compute_ = json::find_string(about, "compute").value_or("f32");
  if (const auto chat = json::find_bool(about, "has_chat_template")) session.has_chat_template_ = *chat;
  if (const json::Value* warnings = json::find(about, "warnings"); warnings && warnings->IsArray())
    for (const auto& warning : warnings->GetArray())
      if (warning.IsString()) log_warning_once(fmt::format("{}: {}", config.abbr, json::text(warning)));
  session.load_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return session;
}

render::Format ModelSession::format(data::Form form, config::Compat compat) const {
  render::Format format;
  format.compat = compat;
  format.system_prompt = config_.system_prompt;
  format.meta_template = config_.meta_template;
  format.chat = config_.chat == config::Chat::file ||
                (config_.chat == config::Chat::automatic && form == data::Form::open && !config_.base && has_chat_template_);
  return format;
}

Result<std::string> ModelSession::render_chat(std::string_view conversation_json) {
  SXT_TRY(json::Document conversation, json::parse(conversation_json, "conversation"));
  if (conversation.IsObject() && !json::find(conversation, "now")) json::set(conversation, "now", now_, conversation.GetAllocator());
  return model_.render_chat(json::write(conversation));
}

Result<std::vector<int32_t>> ModelSession::tokenize(const std::string& text, bool add_special) {
  const std::string_view view = text;
  SXT_TRY(auto ids, model_.tokenize({&view, 1}, add_special ? SXT_REQUEST_ADD_SPECIAL : 0));
  return std::move(ids.front());
}

Result<std::vector<uint32_t>> ModelSession::count_tokens(const std::vector<std::string>& texts, bool chat) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  SXT_TRY(const auto ids, model_.tokenize(views, chat ? 0 : SXT_REQUEST_ADD_SPECIAL));
  std::vector<uint32_t> counts;
  for (const auto& list : ids) counts.push_back(static_cast<uint32_t>(list.size()));
  return counts;
}

std::string ModelSession::key_config() const {
  json::Document keys;
  if (auto parsed = json::parse(config_.config, config_.abbr)) keys = *std::move(parsed);
  auto& a = keys.GetAllocator();
  if (const auto rules = json::parse(schema_, config_.backend)) {
    schema::remove_without_effect(*rules, keys);
    schema::hide_secrets(*rules, keys, a);
  }
  json::set(keys, "backend", config_.backend, a);
  json::set(keys, "compute", compute_, a);
  json::set(keys, "context_length", json::Value(context_length_), a);
  return json::canonical(keys);
}

}  // namespace sextant::serve
