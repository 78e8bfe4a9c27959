// Model cards to ModelConfig and back, in the JSON form of docs/cards.md.
#include <fmt/format.h>
#include "../base/files.hpp"
#include "card_parts.hpp"
#include "card_store.hpp"
#include "json_source.hpp"
#include "own_chains.hpp"
#include "shapes.hpp"

namespace sextant::config {
namespace {

Result<uint32_t> length(const json::Value& card, const char* key, uint32_t otherwise, const std::string& origin) {
  const auto value = json::find_int(card, key);
  if (!value) return otherwise;
  if (*value < 0 || *value > UINT32_MAX)
    return Error{Error::Kind::config, fmt::format("{}: {} is {}; give a number of tokens, 0 or more", origin, key, *value)};
  return static_cast<uint32_t>(*value);
}

}  // namespace

Result<ModelConfig> model_from_json(const json::Value& card, const std::string& name, const std::string& origin) {
  ModelConfig model;
  model.abbr = json::find_string(card, "abbr").value_or(name);
  if (model.abbr.find_first_not_of(' ') == std::string::npos)
    return card_error(
        origin, "\"abbr\" is empty, and the table and the files of a run are called by it; give it a name, or leave it out");
  model.backend = json::find_string(card, "backend").value_or("auto");
  json::Document config;
  config.SetObject();
  auto& a = config.GetAllocator();
  if (const json::Value* own = json::find(card, "config")) merge_into(config, *own, a);
  if (const auto path = json::find_string(card, "hf_path")) {
    model.path = *path;
    model.hugging_face = true;
  }
  if (const auto path = json::find_string(card, "model_path")) {
    if (model.hugging_face)
      return Error{Error::Kind::config, fmt::format("{}: give \"hf_path\" or \"model_path\", not both", origin)};
    model.path = *path;
  }
  if (!model.path.empty()) json::set(config, "path", model.path, a);
  if (const auto path = json::find_string(card, "tokenizer_path")) json::set(config, "tokenizer_path", *path, a);
  if (const auto path = json::find_string(card, "peft_path")) json::set(config, "peft_path", *path, a);
  if (const auto size = json::find_int(card, "batch_size")) json::set(config, "batch_size", json::Value(*size), a);
  const std::string type = json::find_string(card, "hf_type").value_or("chat");
  if (type != "chat" && type != "base")
    return Error{Error::Kind::config, fmt::format("{}: hf_type is '{}'; it must be 'chat' or 'base'", origin, type)};
  model.base = type == "base";
  if (const auto chat = json::find_string(card, "chat_template")) {
    json::set(config, "chat_template", *chat, a);
    model.chat = *chat == "auto" ? Chat::automatic : *chat == "none" ? Chat::none : Chat::file;
  }
  model.system_prompt = json::find_string(card, "system_prompt").value_or("");
  if (const json::Value* meta = json::find(card, "meta_template")) model.meta_template = json::write(*meta);
  SXT_TRY(model.max_seq_len, length(card, "max_seq_len", 0, origin));
  SXT_TRY(model.max_out_len, length(card, "max_out_len", model.max_out_len, origin));
  SXT_TRY(model.min_out_len, length(card, "min_out_len", 0, origin));
  if (const json::Value* generation = json::find(card, "generation")) {
    for (const auto& member : generation->GetObject()) {
      const auto set = set_generation(model.generation, json::text(member.name), member.value);
      if (!set)
        return Error{Error::Kind::config,
                     fmt::format("{}: generation.{} {}", origin, json::text(member.name), set.error().message)};
    }
  }
  if (const json::Value* kwargs = json::find(card, "chat_template_kwargs"); kwargs && !kwargs->ObjectEmpty())
    model.chat_template_kwargs = json::write(*kwargs);
  if (const json::Value* own = json::find(card, "postprocessors")) { SXT_TRY(model.own_chains, own_chains_from_json(*own, origin)); }
  if (const json::Value* words = json::find(card, "stop_words"))
    for (const auto& word : words->GetArray()) model.stop_words.emplace_back(json::text(word));
  model.config = json::write(config);
  return model;
}

Result<ModelConfig> read_model_card(const CardEntry& entry, const CardStore* store) {
  SXT_TRY(json::Document card, load_merged(entry.path, model_card_shape(), finder_of(store, CardKind::model)));
  // a file that is named without a folder is looked for here, then where tools/demo.sh puts models
  if (const auto name = json::find_string(card, "model_path")) {
    std::error_code code;
    const std::filesystem::path kept = cache_folder() / "models" / *name;
    if (!std::filesystem::exists(*name, code) && std::filesystem::exists(kept, code))
      json::set(card, "model_path", kept.string(), card.GetAllocator());
  }
  return model_from_json(card, entry.name, entry.path.string());
}

json::Document model_to_json(const ModelConfig& model) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "abbr", model.abbr, a);
  json::set(out, "backend", model.backend, a);
  if (!model.path.empty()) json::set(out, model.hugging_face ? "hf_path" : "model_path", model.path, a);
  json::set(out, "hf_type", model.base ? "base" : "chat", a);
  json::set(out, "max_seq_len", json::Value(model.max_seq_len), a);
  json::set(out, "max_out_len", json::Value(model.max_out_len), a);
  json::set(out, "min_out_len", json::Value(model.min_out_len), a);
  if (json::Value generation = generation_to_json(model.generation, a); !generation.ObjectEmpty())
    json::set(out, "generation", std::move(generation), a);
  json::Value words(rapidjson::kArrayType);
  for (const std::string& word : model.stop_words) words.PushBack(json::Value(word, a), a);
  json::set(out, "stop_words", std::move(words), a);
  json::set(out, "system_prompt", model.system_prompt, a);
  if (!model.chat_template_kwargs.empty())
    if (const auto kwargs = json::parse(model.chat_template_kwargs, "chat_template_kwargs"))
      json::set(out, "chat_template_kwargs", json::Value(*kwargs, a), a);
  if (!model.own_chains.empty()) json::set(out, "postprocessors", own_chains_to_json(model.own_chains, a), a);
  if (!model.meta_template.empty())
    if (const auto meta = json::parse(model.meta_template, "meta_template")) {
      json::Value value;
      value.CopyFrom(*meta, a);
      json::set(out, "meta_template", std::move(value), a);
    }
  json::Document config;
  if (auto parsed = json::parse(model.config, model.abbr)) config = *std::move(parsed);
  if (config.IsObject()) {
    // what has a place of its own in a card stands there; the chat template decides how prompts are made, so it is one of them
    if (const auto chat = json::find_string(config, "chat_template")) {
      json::set(out, "chat_template", *chat, a);
      config.RemoveMember("chat_template");
    }
    config.RemoveMember("path");
    json::Value value;
    value.CopyFrom(config, a);
    json::set(out, "config", std::move(value), a);
  }
  return out;
}

}  // namespace sextant::config
