#include "gguf_tokenizer.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "bpe_tokenizer.hpp"

namespace sextant::engine {
namespace {

// Pieces that end a turn in the chat formats of known models; a file names only one of them as its EOS.
constexpr std::string_view end_pieces[] = {
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>", "<|return|>",
    "<|END_OF_TURN_TOKEN|>", "<|end_of_turn|>", "</s>", "<EOT>",
};

// tokenizer.ggml.token_type (enum llama_token_type)
Result<TokenKind> token_kind(const GgufFile& file, int64_t type, size_t id) {
  switch (type) {
    case 1: case 6: return TokenKind::normal;
    case 2: case 3: return TokenKind::special;  // unknown, control
    case 4: return TokenKind::user_defined;
    case 5: return TokenKind::unused;
    default:
      return Error{Error::Kind::data,
                   fmt::format("{}: token {} has type {} in tokenizer.ggml.token_type, which GGUF does not know; "
                               "convert the model anew",
                               file.path(), id, type)};
  }
}

Result<std::optional<int32_t>> token_id(const GgufFile& file, std::string_view key, size_t vocab) {
  const json::Value* value = json::find(file.metadata(), key);
  if (!value) return std::optional<int32_t>{};
  if (value->IsUint64() && value->GetUint64() < vocab) return std::optional(static_cast<int32_t>(value->GetUint64()));
  // converters write -1 or 2^32 - 1 where a model has no such token
  if ((value->IsInt64() && value->GetInt64() == -1) || (value->IsUint() && value->GetUint() == UINT32_MAX))
    return std::optional<int32_t>{};
  return Error{Error::Kind::data,
               fmt::format("{}: metadata key \"{}\" names no token of the vocabulary of {}; convert the model anew",
                           file.path(), key, vocab)};
}

Result<std::vector<int32_t>> end_of_generation(const GgufFile& file, const BpeTables& tables) {
  std::vector<int32_t> ids;
  for (const std::string_view name : {"eos", "eot", "eom"}) {
    SXT_TRY(const auto id, token_id(file, fmt::format("tokenizer.ggml.{}_token_id", name), tables.tokens.size()));
    if (id) ids.push_back(*id);
  }
  for (size_t i = 0; i < tables.tokens.size(); ++i) {
    const bool added = tables.kinds[i] == TokenKind::special || tables.kinds[i] == TokenKind::user_defined;
    if (added && std::find(std::begin(end_pieces), std::end(end_pieces), tables.tokens[i]) != std::end(end_pieces)) {
      ids.push_back(static_cast<int32_t>(i));
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_tokenizer(const GgufFile& file) {
  const auto model = file.text("tokenizer.ggml.model");
  if (model != "gpt2") {
    return Error{Error::Kind::data,
                 fmt::format("{}: the tokenizer {} is not supported; take a model with a byte-level BPE tokenizer "
                             "(\"gpt2\")",
                             file.path(), model ? json::quote(model->substr(0, 80)) : "(none)")};
  }
  // before the key existed, the converter knew GPT-2's rules only
  const std::string pre = file.text("tokenizer.ggml.pre").value_or("gpt-2");
  BpeTables tables;
  tables.origin = file.path();
  tables.pre_tokenizer = find_pre_tokenizer(pre);
  if (!tables.pre_tokenizer) {
    return Error{Error::Kind::data, fmt::format("{}: the pre-tokenizer {} is not supported; supported: {}", file.path(),
                                                json::quote(pre.substr(0, 80)), known_pre_tokenizers())};
  }
  SXT_TRY(const auto tokens, file.string_array("tokenizer.ggml.tokens"));
  tables.tokens.assign(tokens.begin(), tokens.end());
  tables.kinds.assign(tokens.size(), TokenKind::normal);
  if (file.has_array("tokenizer.ggml.token_type")) {
    SXT_TRY(const auto types, file.int_array("tokenizer.ggml.token_type"));
    tables.kinds.clear();
    for (size_t i = 0; i < types.size(); ++i) {
      SXT_TRY(const TokenKind kind, token_kind(file, types[i], i));
      tables.kinds.push_back(kind);
    }
  }
  SXT_TRY(const auto merges, file.string_array("tokenizer.ggml.merges"));
  for (size_t i = 0; i < merges.size(); ++i) {
    const size_t blank = merges[i].find(' ', 1);
    if (blank == std::string_view::npos || blank + 1 == merges[i].size()) {
      return Error{Error::Kind::data,
                   fmt::format("{}: merge {} of tokenizer.ggml.merges is not two tokens with a blank between them; "
                               "convert the model anew",
                               file.path(), i)};
    }
    tables.merges.emplace_back(merges[i].substr(0, blank), merges[i].substr(blank + 1));
  }
  SXT_TRY(tables.bos, token_id(file, "tokenizer.ggml.bos_token_id", tokens.size()));
  SXT_TRY(tables.eos, token_id(file, "tokenizer.ggml.eos_token_id", tokens.size()));
  tables.add_bos = file.boolean("tokenizer.ggml.add_bos_token").value_or(tables.pre_tokenizer->add_bos);
  tables.add_eos = file.boolean("tokenizer.ggml.add_eos_token").value_or(false);
  SXT_TRY(tables.end_of_generation, end_of_generation(file, tables));
  return make_bpe_tokenizer(std::move(tables));
}

}  // namespace sextant::engine
