// Tensors' names without what training frameworks put around modules: torch.compile (_orig_mod), DataParallel and DeepSpeed
// (module), FSDP, activation checkpointing, PEFT (base_model.model).
#pragma once
#include <string>
#include <string_view>

namespace sextant::engine {

/// "_orig_mod.module.model.norm.weight" -> "model.norm.weight".
std::string unwrapped(std::string_view name);

}  // namespace sextant::engine
