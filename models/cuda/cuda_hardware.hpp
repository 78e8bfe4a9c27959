// A GPU as a backend's hardware: what it is, what it can compute, how much fits.
#pragma once
#include "../engine/architecture/tensors.hpp"
#include "../engine/backend/backend_model.hpp"

namespace sextant::cuda {

class CudaHardware : public engine::Hardware {
 public:
  /// Throws SXT_NO_DEVICE where there is no driver or no such GPU.
  explicit CudaHardware(const Context& context);

  const char* name() const override { return "cuda"; }
  std::unique_ptr<engine::Device> make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) override;

 private:
  template <class T>
  std::unique_ptr<engine::Device> make(const engine::DeviceOrder& order, const engine::ModelTensors& tensors,
                                       engine::DeviceReport& ret_report);

  int device_ = 0, multiprocessors_ = 0;
  std::string label_;
};

using CudaModel = engine::BackendOf<CudaHardware>;

inline constexpr auto config_schema_text = engine::with_own_properties(R"schema(,
    "device": {"type": "integer", "minimum": 0, "maximum": 1023, "default": 0, "description": "the number of the GPU"})schema");
inline constexpr const char* config_schema = config_schema_text.data();

}  // namespace sextant::cuda
