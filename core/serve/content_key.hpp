// What a response depends on, as one SHA-256: the journal finds by it what has been asked before, in whichever task. Pure.
#pragma once
#include <string>
#include <string_view>
#include "../data/request.hpp"

namespace sextant::serve {

/// What all requests to a model have in common: its weights, the part of its configuration that an answer can depend on, and
/// the code.
struct KeyBase {
  std::string weights_sha256, model_config, code_version;
  bool by_sample = false;   // what answers knows whose sample it is: greedy requests carry their stream, too
};

/// The SHA-256 of a JSON object (docs/files.md) of the base, the prompt and the settings. Requests that draw random numbers
/// also carry their stream, so that the repeats of a sample differ; greedy ones do not, and are asked once. A change of any
/// gives another key, so an old answer is never reused for a new question.
std::string content_key(const KeyBase& base, const data::Request& request);

/// The random stream of a request: its numbers depend on nothing else but the run's seed.
uint64_t stream_of(const data::SampleId& sample, uint32_t turn);

}  // namespace sextant::serve
