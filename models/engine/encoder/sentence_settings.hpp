// What a sentence-transformers folder says about making one vector of a text: modules.json, the pooling's
// config.json and sentence_bert_config.json. [any] thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <sextant/result.hpp>
#include "../schedule/embedding.hpp"

namespace sextant::engine {

struct SentenceSettings {
  Pooling pooling = Pooling::mean;
  bool normalise = false;
  std::string from;                // the file that says which pooling; empty: none does, and it is the usual one
  std::optional<uint32_t> tokens;  // of a text, special tokens included
  bool lower_case = false;         // texts are lower-cased before anything else
};

/// A folder without these files has the usual settings. What they ask for and is not computed (a dense layer behind the
/// pooling, several poolings at once) is an error. `modules` false: modules.json and what it names are left aside.
Result<SentenceSettings> read_sentence_settings(const std::string& folder, bool modules);

}  // namespace sextant::engine
