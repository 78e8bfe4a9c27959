#include "special_tokens.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "../checkpoint/gguf.hpp"
#include "../checkpoint/text_file.hpp"

namespace sextant::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t file_bytes_max = 512 << 20;  // the largest tokenizer.json seen has 33 MB

class Claims {
 public:
  explicit Claims(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  /// "bos_token": its text, or an object with "content"
  void texts(const json::Value& file, const char* name) {
    for (const auto& [key, list] :
         {std::pair{"bos_token", &claims.bos}, {"eos_token", &claims.eos}, {"pad_token", &claims.pad}}) {
      const json::Value* value = json::find(file, key);
      if (!value) continue;
      const std::string text =
          value->IsString() ? std::string(json::text(*value)) : json::find_string(*value, "content").value_or("");
      if (text.empty()) continue;
      list->push_back({fmt::format("{}: {}", name, key), text, {}});
      if (const auto id = find_token(tokenizer_, text)) list->back().ids.push_back(*id);
    }
  }

  /// "eos_token_id": a number, or a list of them
  void numbers(const json::Value& file, const char* name, const char* key, std::vector<TokenClaim>& list) {
    const json::Value* value = json::find(file, key);
    if (!value) return;
    TokenClaim claim{fmt::format("{}: {}", name, key), "", {}};
    const auto add = [&](const json::Value& id) {
      if (id.IsInt() && tokenizer_.piece(id.GetInt())) claim.ids.push_back(id.GetInt());
    };
    if (value->IsArray()) std::for_each(value->Begin(), value->End(), add);
    else add(*value);
    if (!claim.ids.empty()) list.push_back(std::move(claim));
  }

  SpecialTokenClaims claims;

 private:
  const Tokenizer& tokenizer_;
};

Result<std::optional<json::Document>> read_if_there(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::optional<json::Document>();
  SXT_TRY(json::Document document, read_json_file(path.string(), file_bytes_max));
  return std::optional(std::move(document));
}

// The file was parsed when the vocabulary was opened, and has megabytes: here its text is enough. A quote inside a token is
// escaped.
bool has_post_processor(std::string_view text) {
  constexpr std::string_view key = "\"post_processor\"", blanks = " \t\r\n";
  for (size_t at = text.find(key); at != text.npos; at = text.find(key, at + key.size())) {
    const size_t colon = text.find_first_not_of(blanks, at + key.size());
    if ((at > 0 && text[at - 1] == '\\') || colon == text.npos || text[colon] != ':') continue;
    const size_t value = text.find_first_not_of(blanks, colon + 1);
    return value != text.npos && text.substr(value, 4) != "null";
  }
  return false;
}

Result<SpecialTokenClaims> claims_of_folder(const fs::path& folder, const Tokenizer& tokenizer) {
  Claims read(tokenizer);
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    SXT_TRY(const auto file, read_if_there(folder / name));
    if (!file) continue;
    read.texts(*file, name);
    if (json::find_bool(*file, "add_bos_token") && read.claims.adds.empty())
      read.claims.adds = fmt::format("{}: add_bos_token", name);
  }
  for (const char* name : {"generation_config.json", "config.json"}) {
    SXT_TRY(const auto file, read_if_there(folder / name));
    if (!file) continue;
    read.numbers(*file, name, "bos_token_id", read.claims.bos);
    read.numbers(*file, name, "eos_token_id", read.claims.eos);
    read.numbers(*file, name, "pad_token_id", read.claims.pad);
  }
  std::error_code ignored;
  if (fs::exists(folder / "tokenizer.json", ignored)) {
    SXT_TRY(const std::string text, read_text_file((folder / "tokenizer.json").string(), file_bytes_max));
    if (has_post_processor(text)) read.claims.adds = "tokenizer.json: post_processor";
  }
  return std::move(read.claims);
}

Result<SpecialTokenClaims> claims_of_gguf(const std::string& path, const Tokenizer& tokenizer) {
  SXT_TRY(const auto file, GgufFile::open(path));
  const std::string name = fs::path(path).filename().string();
  Claims read(tokenizer);
  read.numbers(file->metadata(), name.c_str(), "tokenizer.ggml.bos_token_id", read.claims.bos);
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    read.numbers(file->metadata(), name.c_str(), key, read.claims.eos);
  read.numbers(file->metadata(), name.c_str(), "tokenizer.ggml.padding_token_id", read.claims.pad);
  if (file->boolean("tokenizer.ggml.add_bos_token")) read.claims.adds = name + ": tokenizer.ggml.add_bos_token";
  return std::move(read.claims);
}

}  // namespace

Result<SpecialTokenClaims> read_special_token_claims(const std::string& path, const Tokenizer& tokenizer) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return claims_of_folder(path, tokenizer);
  if (GgufFile::is_one(path)) return claims_of_gguf(path, tokenizer);
  return SpecialTokenClaims();
}

std::optional<int32_t> find_token(const Tokenizer& tokenizer, const std::string& text) {
  const std::vector<int32_t> ids = tokenizer.encode(text, {}).ids;
  if (ids.size() != 1) return std::nullopt;
  // a special token is found by its text alone; what else becomes one token may have lost something on the way
  return tokenizer.is_special(ids.front()) || tokenizer.piece(ids.front()) == text ? std::optional(ids.front()) : std::nullopt;
}

std::string token_content(const Tokenizer& tokenizer, int32_t id) {
  std::string text = tokenizer.piece(id).value_or("");
  if (text.starts_with(' ') && find_token(tokenizer, text.substr(1)) == id) text.erase(0, 1);
  return text;
}

std::string where_named(const std::vector<TokenClaim>& claims, int32_t id) {
  for (const TokenClaim& claim : claims)
    if (std::find(claim.ids.begin(), claim.ids.end(), id) != claim.ids.end()) return claim.where;
  return "";
}

}  // namespace sextant::engine
