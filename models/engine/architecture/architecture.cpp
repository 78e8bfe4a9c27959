#include "architecture.hpp"
#include <algorithm>
#include "gguf_families.hpp"
#include "hf_families.hpp"
#include "tensors.hpp"

namespace sextant::engine {

uint32_t rope_length(const Architecture& architecture, uint32_t length) {
  uint32_t longest = 0;
  for (const Rope& rope : architecture.ropes) longest = std::max(longest, rope_length(rope, length));
  return longest;
}

Result<Architecture> read_architecture(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format() == CheckpointFormat::gguf;
  SXT_TRY(Architecture architecture, gguf ? read_gguf_architecture(checkpoint) : read_hf_architecture(checkpoint));
  SXT_CHECK(find_tensors(checkpoint, architecture));
  return architecture;
}

}  // namespace sextant::engine
