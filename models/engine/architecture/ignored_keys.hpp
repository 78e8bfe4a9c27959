// Keys of a model's configuration that nothing is done with: those that change nothing are named here, every other one is a
// warning. Private to read_architecture and read_encoder_shape.
#pragma once
#include "architecture.hpp"
#include "keys.hpp"

namespace sextant::engine {

/// Once all that counts has been asked of `keys`: what is left, as one sentence at most.
void warn_of_ignored_keys(const Keys& keys, std::vector<std::string>& warnings);
/// Where config.json says that the model ends in something else than a language model's head.
void warn_of_other_head(const Keys& keys, Architecture& a);

}  // namespace sextant::engine
