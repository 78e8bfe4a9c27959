// The other models that a tokenizer.json may have: Unigram (Kudo 2018), WordPiece (BERT's) and WordLevel.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include "word_model.hpp"

namespace sextant::engine {

struct UnigramTables {
  std::vector<std::string> tokens;  // [vocab]
  std::vector<double> scores;       // [vocab] log-probabilities, finite
  int32_t unk = 0;
  bool byte_fallback = false;
};
/// The most probable segmentation; of equal ones, that whose last token begins first.
std::unique_ptr<WordModel> make_unigram_model(UnigramTables tables);

struct WordPieceTables {
  TokenIds ids;
  int32_t unk = 0;
  std::string continuing_prefix = "##";
  size_t word_characters_max = 100;  // a longer word is `unk`
};
/// The longest token that a word begins with, then of the rest the same.
std::unique_ptr<WordModel> make_wordpiece_model(WordPieceTables tables);

/// A word is a token, or `unk`.
std::unique_ptr<WordModel> make_word_level_model(TokenIds ids, int32_t unk);

}  // namespace sextant::engine
