// What a model's files ask of whoever generates with it: generation_config.json of a folder (or config.json, where the settings
// stood before that file existed), general.sampling.* of a GGUF. The core merges them with what the run says. [any] thread.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::engine {

class GgufFile;

struct GenerationSettings {
  /// "from", and the keys that can be followed: do_sample, temperature, top_p, top_k, min_p, repetition_penalty,
  /// presence_penalty, frequency_penalty, no_repeat_ngram_size, suppress_tokens (bad_words_ids of one token are among them),
  /// begin_suppress_tokens, stop_strings, min_new_tokens, max_new_tokens, max_length.
  json::Document settings;
  /// What is asked for and cannot be followed, and what is not known; one sentence each.
  std::vector<std::string> warnings;
};

/// Of a GGUF that is open: nothing can be followed.
GenerationSettings read_generation_settings(const GgufFile& file);
/// `path`: a folder or a GGUF. A file that is missing asks for nothing. `end`: the ids that end a generation; `vocab`: how many
/// there are.
Result<GenerationSettings> read_generation_settings(const std::string& path, const std::vector<int32_t>& end, uint32_t vocab);

}  // namespace sextant::engine
