// What a run says of a model's generations: --generation-kwargs, and "generation" of a model card. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::config {

/// What is left open the model's own files say (serve/generation.hpp). Where they do not, either: nothing of the kind is done.
struct Generation {
  std::optional<bool> do_sample;  // open: where there is a temperature above 0
  std::optional<float> temperature, top_p, min_p, repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<uint32_t> top_k, no_repeat_ngram_size;
  std::optional<std::vector<int32_t>> suppress_tokens, begin_suppress_tokens;

  /// Whether tokens are drawn. Nothing that a model's files say makes a run do that.
  bool samples() const { return temperature == 0.0f ? false : do_sample.value_or(temperature.has_value()); }
};

/// The keys, for messages.
const std::vector<std::string>& generation_keys();

/// Sets one key; null leaves it open. False where there is no such key. An error is "must be ...", without the key.
Result<bool> set_generation(Generation& generation, std::string_view key, const json::Value& value);

/// Only what is set.
json::Value generation_to_json(const Generation& generation, json::Document::AllocatorType& allocator);

}  // namespace sextant::config
