// A checkpoint, made a device of; texts to run on it.
#pragma once
#include <memory>
#include <string>
#include "../../../models/cuda/cuda_hardware.hpp"
#include "../engine/compare_families.hpp"

namespace sextant::test {

/// Hardware of the cuda backend from a configuration.
inline cuda::CudaHardware gpus(const char* config) { return cuda::CudaHardware(Context(nullptr, borrow(config))); }

struct Loaded {
  std::unique_ptr<engine::Checkpoint> checkpoint;
  engine::Architecture architecture;
  explicit Loaded(const std::string& path)
      : checkpoint(or_throw(engine::open_checkpoint(path))), architecture(or_throw(engine::read_architecture(*checkpoint))) {}

  std::unique_ptr<engine::Device> on(engine::Hardware& hardware, const char* compute, uint32_t context, size_t memory,
                                     uint32_t worker = 0) const {
    engine::BackendConfig config;
    config.compute = compute;
    config.memory = memory;
    config.batch_size = 4;
    engine::DeviceReport report;
    return hardware.make_device({*checkpoint, architecture, config, context, {2}, worker}, report);
  }
};

inline std::string some_ids(uint32_t first, uint32_t count, uint32_t vocab) {
  std::string text;
  for (uint32_t i = 0; i < count; ++i) text += fmt::format("{}{}", i ? " " : "", (first + i * i * 7 + i * 13) % vocab);
  return text;
}

}  // namespace sextant::test
