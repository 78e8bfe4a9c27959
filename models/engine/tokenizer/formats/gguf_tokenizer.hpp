// The tokenizer that a GGUF file carries in its "tokenizer.ggml" keys.
#pragma once
#include <memory>
#include "../../checkpoint/gguf.hpp"
#include "../tokenizer.hpp"

namespace sextant::engine {

/// Supports tokenizer.ggml.model "gpt2" (with the pre-tokenizers of gguf_pre_tokenizers.hpp), "llama", "t5" and "gemma4"; the
/// file is not needed afterwards.
Result<std::unique_ptr<Tokenizer>> make_tokenizer(const GgufFile& file, std::vector<std::string>* ret_warnings = nullptr);

}  // namespace sextant::engine
