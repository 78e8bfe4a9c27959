// A checkpoint, made a device of; texts to run on it, and what must hold of the results.
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
                                     uint32_t worker = 0, engine::DeviceReport* ret_report = nullptr) const {
    const engine::BackendConfig config = configured(compute, memory);
    engine::DeviceReport report;
    auto device = hardware.make_device({*checkpoint, architecture, config, context, {2}, worker}, report);
    if (ret_report) *ret_report = report;
    return device;
  }
  uint32_t workers(const engine::Hardware& hardware, const char* compute, uint32_t context, size_t memory) const {
    const engine::BackendConfig config = configured(compute, memory);
    return hardware.workers({*checkpoint, architecture, config, context, {2}});
  }

 private:
  static engine::BackendConfig configured(const char* compute, size_t memory) {
    engine::BackendConfig config;
    config.compute = compute;
    config.memory = memory;
    config.batch_size = 4;
    return config;
  }
};

inline std::string some_ids(uint32_t first, uint32_t count, uint32_t vocab) {
  std::string text;
  for (uint32_t i = 0; i < count; ++i) text += fmt::format("{}{}", i ? " " : "", (first + i * i * 7 + i * 13) % vocab);
  return text;
}

/// Of log-probabilities; all requests must have ended well.
inline double worst_difference(const std::vector<fakes::Got>& a, const std::vector<fakes::Got>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].message << b[i].message);
    REQUIRE(a[i].status == SXT_OK);
    REQUIRE(b[i].status == SXT_OK);
    for (size_t c = 0; c < a[i].token_logprobs.size(); ++c)
      for (size_t t = 0; t < a[i].token_logprobs[c].size(); ++t)
        worst = std::max(worst, double{std::abs(a[i].token_logprobs[c][t] - b[i].token_logprobs[c][t])});
  }
  return worst;
}

/// One request at a time without reuse, and several in a random order with it, give the bits of `got`.
inline void check_other_schedules(const std::vector<fakes::Got>& got, const fakes::Requests& requests, engine::Device& device,
                           const engine::Tokenizer& tokenizer) {
  for (const auto& [batch, seed, reuse] : {std::tuple{1u, 0u, false}, {4u, 6u, true}}) {
    CAPTURE(batch, seed, reuse);
    const auto other = fakes::run_all(requests.all(), device, tokenizer, {.batch_size = batch, .seed = seed}, reuse);
    for (size_t i = 0; i < got.size(); ++i) {
      CHECK(other[i].token_logprobs == got[i].token_logprobs);
      CHECK(other[i].ids == got[i].ids);
    }
  }
}

}  // namespace sextant::test
