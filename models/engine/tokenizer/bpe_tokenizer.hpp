// Byte-level byte-pair encoding, the tokenizer of GPT-2 and of most models since. What a file format has to say about it is
// gathered in BpeTables; reading a format is left to gguf_tokenizer.cpp and its like.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <sextant/result.hpp>
#include "pre_tokenizer.hpp"
#include "tokenizer.hpp"

namespace sextant::engine {

enum class TokenKind : uint8_t {
  normal,        // spelled in GPT-2's byte alphabet, reached by merges
  special,       // "<|im_start|>": found in a text unless split_special; left out by skip_special
  user_defined,  // found in every text, an ordinary token otherwise
  unused,        // never found
};

struct BpeTables {
  std::string origin;                                        // names the file in errors
  std::vector<std::string> tokens;                           // [vocab] as the file spells them
  std::vector<TokenKind> kinds;                              // [vocab]
  std::vector<std::pair<std::string, std::string>> merges;   // by rank
  const PreTokenizerRules* pre_tokenizer = nullptr;
  std::optional<int32_t> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<int32_t> end_of_generation;
};

/// Checks the tables against each other: an id out of range, a merge of unknown tokens or too long a vocabulary is an error.
Result<std::unique_ptr<Tokenizer>> make_bpe_tokenizer(BpeTables tables);

}  // namespace sextant::engine
