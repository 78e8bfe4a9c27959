// The pre-tokenizers that a GGUF names ("tokenizer.ggml.pre"): the rules of the models' own tokenizer.json files.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>
#include "../steps/pre_tokenizer.hpp"

namespace sextant::engine {

struct PreTokenizerRules {
  std::string_view name;
  /// Oniguruma's syntax, applied one after the other, each within the pieces that the one before left; what no match covers is
  /// a piece as well. Two names stand for steps that are not patterns: cutting runs of punctuation, and spelling the text in
  /// GPT-2's byte alphabet for the patterns after it.
  std::vector<std::string_view> patterns;
  bool ignore_merges = false;    // a word that is a token is that token, whatever the merges would make of it
  bool add_bos = false;          // where the file does not say
  bool nfc = false;              // texts are brought to NFC first
};

/// The rules of that name; null where we do not know them.
const PreTokenizerRules* find_pre_tokenizer(std::string_view name);
/// "gpt-2, llama-bpe, ...", for messages.
std::string known_pre_tokenizers();

/// The steps of such rules, for a model of bytes unless the rules spell them.
Result<PreTokenizer> compile_pre_tokenizer(const PreTokenizerRules& rules);

/// Rules that other formats name.
inline constexpr std::string_view gpt2_rules = "gpt-2", qwen2_rules = "qwen2", llama3_rules = "llama-bpe",
                                  cl100k_rules = "cl100k", o200k_rules = "gpt-4o";

}  // namespace sextant::engine
