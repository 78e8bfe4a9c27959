// A tokenizer as a pipeline: added tokens are found, what lies between is normalised, cut into words, and a model makes tokens
// of each word. What a file format has to say is gathered in Pipeline; reading formats is left to formats/.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "steps/added_tokens.hpp"
#include "steps/decoder.hpp"
#include "steps/normalizer.hpp"
#include "steps/pre_tokenizer.hpp"
#include "tokenizer.hpp"
#include "words/word_model.hpp"

namespace sextant::engine {

/// What every format says of a vocabulary, apart from how texts are cut.
struct VocabularyTables {
  std::string origin;                     // names the file in errors
  std::vector<std::string> tokens;        // [vocab] as the file spells them; empty: no token has that id
  std::vector<AddedToken> added;          // an id may lie in `tokens` or just beyond
  std::optional<int32_t> bos, eos;
  std::vector<int32_t> before, after;     // what add_special puts around a text
  std::vector<int32_t> end_of_generation;
};

struct Pipeline {
  VocabularyTables vocabulary;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<WordModel> model;
  Decoder decoder;
  bool added_tokens_are_decoded = true;  // an added token's text goes through the decoder as well
};

/// An id out of range, or far beyond the tokens that there are, is an error.
Result<std::unique_ptr<Tokenizer>> make_pipeline_tokenizer(Pipeline pipeline);

}  // namespace sextant::engine
