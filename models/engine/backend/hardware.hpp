// What a backend adds to the engine: the hardware that its device runs on. Everything else of a backend, from the files of a
// model to its results, is BackendModel's.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#include "../architecture/architecture.hpp"
#include "../encoder/encoder_shape.hpp"
#include "../schedule/device.hpp"
#include "config.hpp"

namespace sextant::engine {

struct DeviceOrder {
  const Checkpoint& checkpoint;      // outlives the device
  const Architecture& architecture;
  const BackendConfig& config;
  uint32_t context;                  // tokens of the longest sequence
  std::vector<int32_t> end;          // ids that end a generation: what a row with forbid_end must not choose
  uint32_t worker = 0;               // the one that the device is for
};

struct EncoderOrder {
  const Checkpoint& checkpoint;  // outlives the device
  const EncoderShape& shape;
  const BackendConfig& config;
  uint32_t context;              // tokens of the longest text
};

/// What was made, of one device: for the log, for `plan` and for `sextant model info`. Memory in bytes, fixed at load, of each
/// part.
struct DeviceReport {
  std::string label;      // "AVX-512, 2 threads"
  std::string compute;    // "f32"
  size_t weights = 0, buffers = 0;
  size_t resident = 0;    // of these, what this process holds as soon as the device is made
  size_t page = 0;        // one page of keys and values
  double operations_per_s = 0;  // that such hardware reaches, for the first estimate of a plan's time
  size_t file = 0;        // of the checkpoint, mapped, what is read while it runs
  uint32_t parts = 1;     // of which the device is made, each with memory of its own: GPUs that hold one model together
};

class Hardware {
 public:
  virtual ~Hardware() = default;
  virtual const char* name() const = 0;  // of the device in describe(): "cpu"
  /// Its devices give margins and moments (HeadRow), on which abilities depend before there is a device.
  virtual bool gives_details() const { return false; }
  /// How many devices share the work of a call, each with its own copy of the weights (share.hpp). They are alike: the same
  /// bits, the same limits. Throws as make_device.
  virtual uint32_t workers(const DeviceOrder&) const { return 1; }
  /// One worker's device. With several workers this is called on a thread of each at the same time. Plans the memory, loads the
  /// weights. Throws PluginError: what the device cannot compute (SXT_UNSUPPORTED), what does not fit, with the numbers
  /// (SXT_NO_MEMORY), a device that is missing (SXT_NO_DEVICE).
  virtual std::unique_ptr<Device> make_device(const DeviceOrder& order, DeviceReport& ret_report) = 0;
  /// The device of an encoder (DeviceLimits::encodes), always one. Throws as make_device.
  virtual std::unique_ptr<Device> make_encoder(const EncoderOrder& order, DeviceReport&) {
    throw PluginError(SXT_UNSUPPORTED, fmt::format("{}: is an encoder, and the {} backend computes none; use --backend cpu",
                                                   order.checkpoint.path(), name()));
  }
  /// Calls body(i) for i in [0, n), perhaps on several threads: how requests are tokenised. Not while a batch runs.
  virtual void for_each(uint64_t n, const std::function<void(uint64_t)>& body) {
    for (uint64_t i = 0; i < n; ++i) body(i);
  }
};

}  // namespace sextant::engine
