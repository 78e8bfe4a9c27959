// GPUs of one kind as a backend's hardware: what they are, what they can compute, how much fits. Each works alone on its share
// of the requests, with a copy of the weights; where a model does not fit one, as few as it fits hold it together and work as
// one.
#pragma once
#include "../engine/architecture/tensors.hpp"
#include "../engine/backend/backend_model.hpp"
#include "memory_plan.hpp"

namespace sextant::cuda {

class CudaHardware : public engine::Hardware {
 public:
  /// Throws SXT_NO_DEVICE where there is no driver, there are fewer GPUs than asked for, or these are not of one kind.
  explicit CudaHardware(const Context& context);

  const char* name() const override { return "cuda"; }
  uint32_t workers(const engine::DeviceOrder& order) const override;
  std::unique_ptr<engine::Device> make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) override;

 private:
  /// How many GPUs hold a model together, and what each has of it. Throws as make_device.
  template <class T> MemoryPlan plan(const engine::DeviceOrder& order, const engine::ModelTensors& tensors) const;
  template <class T>
  std::unique_ptr<engine::Device> make(const engine::DeviceOrder& order, const engine::ModelTensors& tensors,
                                       engine::DeviceReport& ret_report) const;

  int device_ = 0, gpus_ = 1;  // those numbered device_ .. device_ + gpus_ - 1
  int there_ = 1;              // that could be asked for
  uint32_t together_ = 0;      // GPUs that hold a model; 0: as few as it fits
  bool keep_quantised_ = false;
  int multiprocessors_ = 0;
  size_t free_ = 0;            // bytes, of the GPU that has least
  std::string label_;
};

using CudaModel = engine::BackendOf<CudaHardware>;

inline constexpr auto config_schema_text = engine::with_own_properties(R"schema(,
    "device": {"type": "integer", "minimum": 0, "maximum": 1023, "default": 0, "description": "the number of the GPU, or of the first of several"},
    "num_gpus": {"type": "integer", "minimum": 1, "maximum": 1024, "default": 1, "x-affects-results": false, "description": "how many GPUs; they share the requests, each with a copy of the model, or together hold what does not fit one"},
    "tensor_parallel": {"type": "integer", "minimum": 0, "maximum": 1024, "default": 0, "x-affects-results": false, "description": "how many of them hold one copy together; 0: as few as it fits"},
    "keep_quantised": {"type": "boolean", "default": false, "description": "a GGUF's quantised matrices stay so in the GPU's memory: less of it, faster steps of few sequences, slower prompts"})schema");
inline constexpr const char* config_schema = config_schema_text.data();

}  // namespace sextant::cuda
