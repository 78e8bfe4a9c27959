// What the tensors of an adapter's file are, by their names alone: halves of the products that are added to a module, its
// magnitudes, or a tensor that is there whole. Whether they fit the model is adapter.cpp's.
#pragma once
#include <map>
#include <string>
#include "safetensors.hpp"

namespace sextant::engine {

/// Null: not in the file.
struct AdapterModule {
  const Tensor* a = nullptr;                  // lora_A: [rank, columns of the weight]
  const Tensor* b = nullptr;                  // lora_B: [rows of the weight, rank]
  const Tensor* embedding_a = nullptr;        // lora_embedding_A: [rank, tokens]
  const Tensor* embedding_b = nullptr;        // lora_embedding_B: [hidden, rank]
  const Tensor* magnitude = nullptr;          // lora_magnitude_vector: [rows of the weight]
};

struct AdapterTensors {
  std::map<std::string, AdapterModule> modules;  // by the module's name: "model.layers.0.self_attn.q_proj"
  std::map<std::string, const Tensor*> whole;    // by the name of what they replace: "lm_head.weight"
};

/// Refuses by name: two tensors of one part, two adapters in one file, a part that is not one of these. Pointers into `file`.
Result<AdapterTensors> sort_adapter_tensors(const SafetensorsFile& file, const std::string& path);

}  // namespace sextant::engine
