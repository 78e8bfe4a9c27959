// A PEFT LoRA adapter (Hu et al. 2021): for each module it names, W becomes W + scale * B A in float32, as rows are read; no
// matrix of the model is copied. Ownership: owns its numbers. Threads: const members are [any].
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include "checkpoint.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {

struct Adapter {
  std::vector<MappedFile> files;  // that it was read from: part of what a model's sha256 is over
  std::vector<std::pair<std::string, std::shared_ptr<const LowRank>>> changes;  // the tensor's name, what is added to it
};

/// Reads the folder's adapter_config.json and adapter_model.safetensors and checks each pair against the model's tensors. An
/// error names the tensor that matches no weight, lacks its other half or has another shape.
Result<Adapter> read_adapter(const std::string& folder, const Checkpoint& model);

}  // namespace sextant::engine
