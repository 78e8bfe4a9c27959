// What the other files of a Hugging Face folder say about its vocabulary: tokenizer_config.json, special_tokens_map.json,
// added_tokens.json, generation_config.json and config.json. [any] thread.
#pragma once
#include <optional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../pipeline_tokenizer.hpp"

namespace sextant::engine {

struct TokenizerConfig {
  std::optional<std::string> bos, eos;            // contents of the tokens
  std::optional<int32_t> bos_id;                  // config.json's, where no file names the token
  std::vector<std::string> named;                 // contents of all special tokens that a file names
  std::optional<bool> add_bos, add_eos;           // add_bos_token, add_eos_token
  std::optional<bool> add_prefix_space;           // true: a blank in front of the text
  std::vector<AddedToken> added;                  // added_tokens_decoder, added_tokens.json
  std::vector<int32_t> end_of_generation;         // eos_token_id of generation_config.json and config.json
  std::string tokenizer_class;
  std::vector<std::string> warnings;              // what the files ask for and is not done
  bool legacy = true;                             // sentencepiece: every part between added tokens gets its own dummy prefix
};

/// A file that is missing says nothing; a damaged one is an error.
Result<TokenizerConfig> read_tokenizer_config(const std::string& folder);

/// Adds to `tables` what the files say: added tokens, special tokens, BOS and EOS. Ids that the vocabulary does not have become
/// warnings.
void apply(const TokenizerConfig& config, VocabularyTables& tables, std::vector<std::string>& warnings);

}  // namespace sextant::engine
