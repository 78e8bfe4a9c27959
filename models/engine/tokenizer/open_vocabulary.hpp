// Opens whatever a model's users have as its vocabulary: a Hugging Face folder, a GGUF, a tokenizer.json, a tokenizer.model or
// a file of tiktoken's. Files are recognised by what they hold. [any] thread.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>
#include <sextant/result.hpp>
#include "../checkpoint/gguf.hpp"
#include "tokenizer.hpp"

namespace sextant::engine {

inline constexpr size_t template_bytes_max = 16 << 20;

struct ChatTemplateSource {
  std::string name;    // "default" where a model has one
  std::string text;
  std::string origin;  // names it in errors: "tokenizer.chat_template of model.gguf", a path
  std::string problem = {};  // why it is none; then there is no text
};
/// What a model brings; the names are unique.
using ChatTemplateSources = std::vector<ChatTemplateSource>;

struct Vocabulary {
  std::shared_ptr<const Tokenizer> tokenizer;
  bool add_bos = false, add_eos = false;            // what add_special does
  ChatTemplateSources chat_templates;               // those that the same path carries
  std::vector<std::string> warnings;                // what looks wrong and can be lived with
};

/// In a folder, tokenizer.json comes before tokenizer.model, *.tiktoken, vocab.json with merges.txt and vocab.txt;
/// tokenizer_config.json, special_tokens_map.json, added_tokens.json, generation_config.json and config.json say what the
/// special tokens are. What a file alone leaves open, it leaves out: BOS and EOS of a tokenizer.json are then those of its
/// post-processor. A *.tiktoken has Qwen's pattern and special tokens unless its name says llama3, cl100k or o200k.
/// The last one that was opened is kept, since a model is described before it is loaded: of the same files it is the same.
Result<Vocabulary> open_vocabulary(const std::string& path);
/// The same of a GGUF that is open already; it need not stay open.
Result<Vocabulary> open_vocabulary(const GgufFile& file);

/// The chat templates that a folder or a GGUF carries, without reading the vocabulary.
Result<ChatTemplateSources> find_chat_templates(const std::string& path);

}  // namespace sextant::engine
