// The processor as a backend's hardware: its instruction set, its threads, its memory.
#pragma once
#include <memory>
#include <string>
#include "../engine/backend/backend_model.hpp"
#include "cpu_device.hpp"

namespace sextant::cpu {

class CpuHardware : public engine::Hardware {
 public:
  explicit CpuHardware(const Context& context);

  const char* name() const override { return "cpu"; }
  bool gives_details() const override { return true; }
  std::unique_ptr<engine::Device> make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) override;
  std::unique_ptr<engine::Device> make_encoder(const engine::EncoderOrder& order, engine::DeviceReport& ret_report) override;
  void for_each(uint64_t n, const std::function<void(uint64_t)>& body) override;

 private:
  std::string label(std::string_view isa) const;
  std::string isa_;
  ThreadPool pool_;
};

using CpuModel = engine::BackendOf<CpuHardware>;

inline constexpr auto config_schema_text = engine::with_own_properties(R"schema(,
    "threads": {"type": "integer", "minimum": 0, "maximum": 1024, "default": 0, "x-affects-results": false, "description": "0: one for each processor that the process may run on"},
    "isa": {"enum": ["auto", "amx", "avx512", "avx2", "portable"], "default": "auto",
            "description": "the processor's instructions to use"})schema");
inline constexpr const char* config_schema = config_schema_text.data();

}  // namespace sextant::cpu
