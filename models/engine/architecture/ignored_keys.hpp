// Keys of a model's configuration that nothing is done with: those that change nothing are named here, every other one is a warning.
// Private to read_architecture.
#pragma once
#include "architecture.hpp"
#include "keys.hpp"

namespace sextant::engine {

/// Once all that counts has been asked of `keys`: what is left, into a.warnings.
void warn_of_ignored_keys(const Keys& keys, Architecture& a);

}  // namespace sextant::engine
