// tokenizer.json, the format of Hugging Face tokenizers 0.9 to 0.23: models BPE, Unigram, WordPiece and WordLevel with their
// normalizers, pre-tokenizers, post-processors, decoders and added tokens. "truncation" and "padding" are not for us and
// ignored.
#pragma once
#include <string>
#include <string_view>
#include <sextant/json.hpp>
#include "../pipeline_tokenizer.hpp"

namespace sextant::engine {

/// What the file says; special ids (bos, eos, end of generation) are left to other files. `origin` names it in errors. A
/// construct that is not supported is an error that names it.
Result<Pipeline> read_tokenizer_json(const json::Value& document, const std::string& origin);

/// Whether a JSON document looks like one.
bool is_tokenizer_json(const json::Value& document);

}  // namespace sextant::engine
