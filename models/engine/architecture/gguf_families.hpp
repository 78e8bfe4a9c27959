// The families of GGUF files: from their metadata to the table of flags. Private to read_architecture.
#pragma once
#include "architecture.hpp"

namespace sextant::engine {

/// The table alone; the tensors are checked by find_tensors. Errors name the key.
Result<Architecture> read_gguf_architecture(const Checkpoint& checkpoint);

}  // namespace sextant::engine
