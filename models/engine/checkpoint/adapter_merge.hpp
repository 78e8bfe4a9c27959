// An adapter's tensors against a model's: which of them they change, and how.
#pragma once
#include <string>
#include "adapter.hpp"
#include "adapter_config.hpp"
#include "adapter_tensors.hpp"

namespace sextant::engine {

/// Fills in what becomes of the model's tensors, and the warnings. `path` of the tensors' file names it in errors.
Result<void> merge_adapter(const AdapterTensors& tensors, const AdapterConfig& config, const Checkpoint& model,
                           const std::string& path, Adapter& ret);

}  // namespace sextant::engine
