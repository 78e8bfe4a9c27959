// One file that holds a vocabulary, recognised by what it holds. Ownership: the object owns the file's text. [any] thread.
#pragma once
#include <memory>
#include <string>
#include <sextant/json.hpp>
#include "../pipeline_tokenizer.hpp"
#include "sentencepiece_model.hpp"
#include "tokenizer_config.hpp"

namespace sextant::engine {

class VocabularyFile {
 public:
  /// Refuses what is not one of them, and says what it looks like.
  static Result<VocabularyFile> open(const std::string& path);

  /// The tokenizer that the file describes, with what the folder's other files say.
  Result<std::unique_ptr<Tokenizer>> make(const TokenizerConfig& config, std::vector<std::string>& warnings) &&;
  /// The same for a file that stands alone.
  Result<std::unique_ptr<Tokenizer>> make_alone() &&;

 private:
  enum class Format { tokenizer_json, sentencepiece, tiktoken };
  Result<std::unique_ptr<Tokenizer>> make_json(const TokenizerConfig& config, std::vector<std::string>& warnings);
  Result<std::unique_ptr<Tokenizer>> make_sentencepiece(const TokenizerConfig& config, std::vector<std::string>& warnings);
  Result<std::unique_ptr<Tokenizer>> make_tiktoken(const TokenizerConfig& config, std::vector<std::string>& warnings);

  std::string path_, text_;
  json::Document document_;  // of a tokenizer.json
  Format format_ = Format::tokenizer_json;
};

}  // namespace sextant::engine
