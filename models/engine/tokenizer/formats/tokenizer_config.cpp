#include "tokenizer_config.hpp"
#include <algorithm>
#include <filesystem>
#include <unordered_map>
#include <fmt/format.h>
#include "../../checkpoint/known_keys.hpp"
#include "../../checkpoint/text_file.hpp"

namespace sextant::engine {
namespace {

constexpr size_t file_bytes_max = 64 << 20;  // the largest seen, with thousands of added tokens, has 10 MB

// The file as JSON; a null where it is missing.
Result<json::Document> read_optional(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return json::Document();
  return read_json_file(path, file_bytes_max);
}

// A token is written as its text or as an object with "content".
std::optional<std::string> content_of(const json::Value* value) {
  if (!value) return std::nullopt;
  if (value->IsString()) return std::string(json::text(*value));
  return json::find_string(*value, "content");
}

AddedToken read_added(const json::Value& value, int32_t id, std::string content) {
  AddedToken token;
  token.id = id;
  token.content = std::move(content);
  token.special = json::find_bool(value, "special").value_or(false);
  token.normalized = json::find_bool(value, "normalized").value_or(!token.special);
  token.lstrip = json::find_bool(value, "lstrip").value_or(false);
  token.rstrip = json::find_bool(value, "rstrip").value_or(false);
  token.single_word = json::find_bool(value, "single_word").value_or(false);
  return token;
}

// "bos_token" and its like, in tokenizer_config.json and special_tokens_map.json; the first file that names one counts.
void read_named(const json::Value& file, TokenizerConfig& config) {
  const auto fill = [&](const char* key, std::optional<std::string>& token) {
    if (!token) token = content_of(json::find(file, key));
  };
  fill("bos_token", config.bos);
  fill("eos_token", config.eos);
  for (const char* key : {"bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"})
    if (auto token = content_of(json::find(file, key))) config.named.push_back(*std::move(token));
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    const json::Value* list = json::find(file, key);
    if (!list || !list->IsArray()) continue;
    for (const auto& item : list->GetArray())
      if (auto token = content_of(&item)) config.named.push_back(*std::move(token));
  }
}

Result<void> read_decoder_list(const json::Value& file, const std::string& path, TokenizerConfig& config) {
  const json::Value* list = json::find(file, "added_tokens_decoder");
  if (!list || !list->IsObject()) return {};
  for (const auto& member : list->GetObject()) {
    const std::string_view digits = json::text(member.name);
    int32_t id = -1;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    auto content = content_of(&member.value);
    if (failed != std::errc() || end != digits.data() + digits.size() || id < 0 || !content) {
      return Error{Error::Kind::data, fmt::format("{}: added_tokens_decoder: {} is not an id of a token with \"content\"", path,
                                                  json::quote(digits.substr(0, 40)))};
    }
    if (!content->empty()) config.added.push_back(read_added(member.value, id, *std::move(content)));
  }
  return {};
}

// {"content": id, ...}, which transformers wrote before added_tokens_decoder
Result<void> read_added_tokens(const json::Value& file, const std::string& path, TokenizerConfig& config) {
  if (!file.IsObject() || !config.added.empty()) return {};
  for (const auto& member : file.GetObject()) {
    if (!member.value.IsInt() || member.value.GetInt() < 0)
      return Error{Error::Kind::data, fmt::format("{}: the id of {} is not a whole number from 0 on", path,
                                                  json::quote(json::text(member.name).substr(0, 40)))};
    AddedToken token;
    token.id = member.value.GetInt();
    token.content = json::text(member.name);
    if (!token.content.empty()) config.added.push_back(std::move(token));
  }
  return {};
}

void read_end_ids(const json::Value& file, const char* name, TokenizerConfig& config) {
  const json::Value* value = json::find(file, "eos_token_id");
  const auto add = [&](const json::Value& id) {
    if (id.IsInt() && id.GetInt() >= 0) config.end_of_generation.push_back(id.GetInt());
    else if (!id.IsNull() && !(id.IsInt() && id.GetInt() == -1))
      config.warnings.push_back(
          fmt::format("{}: eos_token_id: {} is not a token id; it ends no generation", name, json::write(id).substr(0, 80)));
  };
  if (value && value->IsArray()) for (const auto& id : value->GetArray()) add(id);
  else if (value) add(*value);
}

// Read above or elsewhere, or without effect on what one text's tokens are: padding, cutting, names, what a tokenizer.json says
// itself.
constexpr std::string_view known_keys[] = {
    "_commit_hash",
    "add_bos_token",
    "add_eos_token",
    "add_prefix_space",
    "added_tokens_decoder",
    "additional_special_tokens",
    "auto_map",
    "backend",
    "bos_token",
    "chat_template",
    "clean_up_tokenization_spaces",
    "cls_token",
    "device",
    "do_basic_tokenize",
    "do_lower_case",
    "eos_token",
    "errors",
    "extra_special_tokens",
    "from_slow",
    "is_local",
    "keep_accents",
    "legacy",
    "local_files_only",
    "mask_token",
    "max_len",
    "max_length",
    "model_input_names",
    "model_max_length",
    "model_specific_special_tokens",
    "name_or_path",
    "never_split",
    "pad_to_multiple_of",
    "pad_token",
    "pad_token_type_id",
    "padding",
    "padding_side",
    "processor_class",
    "remove_space",
    "return_tensors",
    "revision",
    "sep_token",
    "spaces_between_special_tokens",
    "special_tokens_map_file",
    "split_special_tokens",
    "stride",
    "strip_accents",
    "tokenize_chinese_chars",
    "tokenizer_class",
    "tokenizer_file",
    "tokenizer_type",
    "truncation",
    "truncation_side",
    "truncation_strategy",
    "trust_remote_code",
    "unk_token",
    "use_default_system_prompt",
    "use_fast",
    "verbose",
    "wordpieces_prefix",
};

void warn_of_ignored_keys(const json::Value& file, TokenizerConfig& config) {
  if (!file.IsObject()) return;
  if (json::find_bool(file, "clean_up_tokenization_spaces").value_or(false))
    config.warnings.emplace_back(
        "tokenizer_config.json: clean_up_tokenization_spaces is true, which is not followed: replies keep the blanks "
        "that it takes out, before a full stop and the like");
  if (json::find_bool(file, "split_special_tokens").value_or(false))
    config.warnings.emplace_back(
        "tokenizer_config.json: split_special_tokens is true, which is not followed: special tokens in a text are "
        "special tokens");
  std::string ignored;
  for (const auto& member : file.GetObject()) {
    const std::string_view name = json::text(member.name);
    if (is_off(member.value) || name.ends_with("_token") || is_one_of(known_keys, name)) continue;
    ignored += (ignored.empty() ? "" : ", ") + json::quote(name.substr(0, 80));
  }
  if (!ignored.empty())
    config.warnings.push_back(
        fmt::format("tokenizer_config.json: nothing is known of {}, and nothing is done with it", ignored));
}

}  // namespace

Result<TokenizerConfig> read_tokenizer_config(const std::string& folder) {
  TokenizerConfig config;
  SXT_TRY(const json::Document tokenizer, read_optional(folder + "/tokenizer_config.json"));
  SXT_TRY(const json::Document special, read_optional(folder + "/special_tokens_map.json"));
  SXT_TRY(const json::Document added, read_optional(folder + "/added_tokens.json"));
  SXT_TRY(const json::Document generation, read_optional(folder + "/generation_config.json"));
  SXT_TRY(const json::Document model, read_optional(folder + "/config.json"));
  warn_of_ignored_keys(tokenizer, config);
  read_named(tokenizer, config);
  read_named(special, config);
  config.add_bos = json::find_bool(tokenizer, "add_bos_token");
  config.add_eos = json::find_bool(tokenizer, "add_eos_token");
  config.add_prefix_space = json::find_bool(tokenizer, "add_prefix_space");
  config.tokenizer_class = json::find_string(tokenizer, "tokenizer_class").value_or("");
  config.legacy = json::find_bool(tokenizer, "legacy").value_or(true);
  SXT_CHECK(read_decoder_list(tokenizer, folder + "/tokenizer_config.json", config));
  SXT_CHECK(read_added_tokens(added, folder + "/added_tokens.json", config));
  read_end_ids(generation, "generation_config.json", config);
  read_end_ids(model, "config.json", config);
  if (const auto id = json::find_int(model, "bos_token_id"); id && *id >= 0 && *id <= INT32_MAX)
    config.bos_id = static_cast<int32_t>(*id);
  return config;
}

void apply(const TokenizerConfig& config, VocabularyTables& tables, std::vector<std::string>& warnings) {
  std::unordered_map<std::string, size_t> known;  // of tables.added, by content
  for (size_t i = 0; i < tables.added.size(); ++i) known.emplace(tables.added[i].content, i);
  TokenIds ids;
  for (size_t i = 0; i < tables.tokens.size(); ++i)
    if (!tables.tokens[i].empty()) ids.emplace(tables.tokens[i], static_cast<int32_t>(i));
  const auto add = [&](AddedToken token) {
    const auto [it, is_new] = known.emplace(token.content, tables.added.size());
    if (is_new) return tables.added.push_back(std::move(token));
    token.id = tables.added[it->second].id;  // the vocabulary's own file counts
    tables.added[it->second] = std::move(token);
  };
  for (AddedToken token : config.added) {
    const int32_t id = find_id(ids, token.content);
    if (id >= 0 && id != token.id) {
      warnings.push_back(
          fmt::format("{}: the token {} has the id {} there, and {} in the folder's other files; the former counts",
                      tables.origin, json::quote(token.content.substr(0, 40)), id, token.id));
      token.id = id;
    }
    add(std::move(token));
  }
  for (const std::string& content : config.named) {
    const int32_t id = find_id(ids, content);
    if (id >= 0 && known.count(content) == 0) add({id, content, true});
  }
  size_t size = tables.tokens.size();
  for (const AddedToken& token : tables.added) size = std::max(size, static_cast<size_t>(token.id) + 1);
  const auto id_of = [&](const std::optional<std::string>& content) -> std::optional<int32_t> {
    if (!content || content->empty()) return std::nullopt;
    if (const auto it = known.find(*content); it != known.end()) return tables.added[it->second].id;
    const int32_t id = find_id(ids, *content);
    return id >= 0 ? std::optional(id) : std::nullopt;
  };
  if (const auto id = id_of(config.bos)) tables.bos = id;
  else if (!tables.bos && config.bos_id && static_cast<size_t>(*config.bos_id) < size) tables.bos = config.bos_id;
  if (config.bos_id && static_cast<size_t>(*config.bos_id) >= size)
    warnings.push_back(fmt::format("{}: bos_token_id {} of the configuration is not in the vocabulary of {}", tables.origin,
                                   *config.bos_id, size));
  if (const auto id = id_of(config.eos)) tables.eos = id;
  for (const int32_t id : config.end_of_generation) {
    if (static_cast<size_t>(id) < size) tables.end_of_generation.push_back(id);
    else
      warnings.push_back(
          fmt::format("{}: eos_token_id {} of the configuration is not in the vocabulary of {}", tables.origin, id, size));
  }
  if (!tables.eos && !tables.end_of_generation.empty()) tables.eos = tables.end_of_generation.front();
  if (tables.eos) tables.end_of_generation.push_back(*tables.eos);
}

}  // namespace sextant::engine
