// Vocabularies in tiktoken's format: a line for each token, its bytes in base64, a blank, its rank. Patterns and special tokens
// stand in no file; they are those of the encodings that are known by name. [any] thread.
#pragma once
#include <string>
#include <string_view>
#include "../pipeline_tokenizer.hpp"
#include "tokenizer_config.hpp"

namespace sextant::engine {

/// Whether the text begins with such a line.
bool is_tiktoken(std::string_view text);

/// `path` names the encoding: llama3, cl100k or o200k in a file's name, else Qwen's; a file not named *.tiktoken with 128,000
/// tokens is Llama 3's tokenizer.model.
Result<Pipeline> read_tiktoken(std::string_view text, const std::string& path);

}  // namespace sextant::engine
