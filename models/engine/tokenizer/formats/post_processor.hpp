// The "post_processor" of a tokenizer.json: what stands around a single text. Pure; [any] thread.
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::engine {

struct Surroundings {
  std::vector<int32_t> before, after;
};

/// ByteLevel adds nothing; of a Sequence each member goes around the one before it.
Result<Surroundings> read_post_processor(const json::Value& value, const std::string& origin);

}  // namespace sextant::engine
