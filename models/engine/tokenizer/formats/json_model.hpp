// The "model" of a tokenizer.json.
#pragma once
#include <sextant/json.hpp>
#include "../pipeline_tokenizer.hpp"

namespace sextant::engine {

/// Fills pipeline.model and pipeline.vocabulary.tokens; pipeline.vocabulary.origin names the file in errors. A pre-tokenizer
/// that leaves bytes to the model spells them in GPT-2's alphabet where the model does not take bytes.
Result<void> read_json_model(const json::Value& model, Pipeline& pipeline);

/// {"token": id, ...} to [id]; an id far beyond the number of tokens is an error.
Result<std::vector<std::string>> read_json_vocabulary(const json::Value& vocab, const std::string& origin);

}  // namespace sextant::engine
