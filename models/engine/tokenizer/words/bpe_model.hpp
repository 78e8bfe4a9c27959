// Byte-pair encoding of words: over bytes, as GPT-2 and most models since do it, or over characters. What a file format has to
// say about it is gathered in BpeTables; reading formats is left to formats/.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <sextant/result.hpp>
#include "word_model.hpp"

namespace sextant::engine {

struct BpeTables {
  std::string origin;                                       // names the file in errors
  std::vector<std::string> tokens;                          // [vocab] as the file spells them; empty: no token has that id
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
  bool bytes = true;             // words are taken byte by byte, and tokens are spelled in GPT-2's alphabet
  bool ignore_merges = false;    // a word that is a token is that token, whatever the merges would make of it
  bool byte_fallback = false;    // an unknown character becomes the tokens <0x..> of its bytes
  bool fuse_unk = false;         // unknown characters in a row become one `unk`
  std::optional<int32_t> unk;    // without it, what is unknown gives no token
  std::string continuing_prefix; // before every character of a word but the first ("##")
  std::string word_suffix;       // after the last character of a word ("</w>")
};

/// A merge of unknown tokens is an error that names it.
Result<std::unique_ptr<WordModel>> make_bpe_model(BpeTables tables);

/// tiktoken's form of it: `tokens` are bytes, ids are ranks, and any two tokens that make a third one merge.
std::unique_ptr<WordModel> make_ranked_bpe_model(const std::vector<std::string>& tokens);

}  // namespace sextant::engine
