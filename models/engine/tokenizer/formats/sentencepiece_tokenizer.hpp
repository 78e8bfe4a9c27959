// Tokenizers that libsentencepiece runs: BPE by scores and Unigram, with added tokens found beforehand, as the tokenizer
// classes of transformers that load a tokenizer.model do it: every part between two added tokens is encoded as a text of its
// own.
#pragma once
#include <memory>
#include <sextant/result.hpp>
#include "../pipeline_tokenizer.hpp"
#include "sentencepiece_model.hpp"

namespace sextant::engine {

/// tables.tokens are those of the model. User-defined pieces belong to the model and need not be among tables.added.
Result<std::unique_ptr<Tokenizer>> make_sentencepiece_tokenizer(SentencePieceModel model, VocabularyTables tables);

}  // namespace sextant::engine
