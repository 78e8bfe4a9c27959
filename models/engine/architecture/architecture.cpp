#include "architecture.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../checkpoint/messages.hpp"
#include "gguf_families.hpp"
#include "hf_families.hpp"
#include "tensors.hpp"
#include "weights_check.hpp"

namespace sextant::engine {

uint32_t rope_length(const Architecture& architecture, uint32_t length) {
  uint32_t longest = 0;
  for (const Rope& rope : architecture.ropes) longest = std::max(longest, rope_length(rope, length));
  return longest;
}

namespace {

// GGUF files that hold something else than a model say so.
Result<void> refuse_other_kinds(const Checkpoint& checkpoint) {
  const std::string type = json::find_string(checkpoint.metadata(), "general.type").value_or("model");
  if (type == "model") return {};
  return Error{
      Error::Kind::data,
      fmt::format("{}: metadata key \"general.type\" is {}: it is not a model{}", checkpoint.path(), shown(type),
                  type == "adapter"
                      ? "; merge it into its model (llama.cpp's export-lora) and give that, or a PEFT folder as --peft-path"
                      : "; name the model's file")};
}

}  // namespace

Result<Architecture> read_architecture(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.format() == CheckpointFormat::gguf;
  if (gguf) SXT_CHECK(refuse_other_kinds(checkpoint));
  SXT_TRY(Architecture architecture, gguf ? read_gguf_architecture(checkpoint) : read_hf_architecture(checkpoint));
  // weights that were trained apart are two, whatever config.json inherited: so does transformers 5
  if (architecture.tied_embeddings && has_other_head(checkpoint, architecture)) architecture.tied_embeddings = false;
  SXT_CHECK(find_tensors(checkpoint, architecture));
  return architecture;
}

}  // namespace sextant::engine
