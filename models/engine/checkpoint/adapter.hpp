// A PEFT LoRA adapter (Hu et al. 2021): for each module it names, W becomes W + scale * B A in float32, as rows are read, with
// DoRA's magnitudes where it has them; modules that it holds whole stand for the model's. No matrix of the model is copied.
// Ownership: owns its numbers and files. Threads: const members are [any].
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include "checkpoint.hpp"
#include "mapped_file.hpp"

namespace sextant::engine {

struct Adapter {
  std::vector<MappedFile> files;  // that it was read from: part of what a model's sha256 is over
  /// Tensors that stand for the model's of that name, or that it gets: a head of its own, where it was the embedding. They come
  /// first.
  std::vector<Tensor> whole;
  std::vector<std::pair<std::string, std::shared_ptr<const LowRank>>> changes;  // the tensor's name, what becomes of it
  std::vector<std::string> warnings;
};

/// Reads the folder's adapter_config.json and adapter_model.safetensors and checks every tensor against the model's. An error
/// names the tensor that matches no weight, lacks its other half or has another shape.
Result<Adapter> read_adapter(const std::string& folder, const Checkpoint& model);

/// A sentence about tokenizer files in the adapter's folder that differ from those in the model's; nothing where there are
/// none.
std::optional<std::string> tokenizer_beside_adapter(const std::string& folder, const std::string& model);

}  // namespace sextant::engine
