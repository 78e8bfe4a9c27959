// Where a model's files say which tokens begin, end and pad a text: for `sextant model info`. What counts is decided where the
// vocabulary is read (tokenizer/formats/); here every file is asked for itself, so that it can be named and contradictions
// show. [any] thread.
#pragma once
#include <optional>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../tokenizer/tokenizer.hpp"

namespace sextant::engine {

struct TokenClaim {
  std::string where;         // "config.json: eos_token_id"
  std::string piece;         // the token, where the file has its text
  std::vector<int32_t> ids;  // those of the vocabulary that it names; of a text that is not a token: none
};

struct SpecialTokenClaims {
  std::vector<TokenClaim> bos, eos, pad;  // what counts most comes first
  std::string adds;                       // what says whether BOS and EOS are added: "tokenizer.json: post_processor"
};

/// `path`: a folder, a GGUF or a vocabulary's file, out of which `tokenizer` was made. A file of a folder that is missing
/// says nothing.
Result<SpecialTokenClaims> read_special_token_claims(const std::string& path, const Tokenizer& tokenizer);

/// The token whose text this is, or nothing.
std::optional<int32_t> find_token(const Tokenizer& tokenizer, const std::string& text);

/// The text that stands for the token: a tokenizer without a decoder would write a blank before it.
std::string token_content(const Tokenizer& tokenizer, int32_t id);

/// The first claim that names `id`, or "".
std::string where_named(const std::vector<TokenClaim>& claims, int32_t id);

}  // namespace sextant::engine
