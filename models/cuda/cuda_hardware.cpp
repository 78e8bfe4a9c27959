#include "cuda_hardware.hpp"
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <fmt/format.h>
#include "../engine/checkpoint/dequantize.hpp"
#include "cuda_device.hpp"
#include "split.hpp"

namespace sextant::cuda {
namespace {

using engine::Architecture;

// What these kernels cannot compute, in one sentence.
void check_supported(const Architecture& a, std::string_view path, bool is_16_bit) {
  const bool odd = a.hidden % 8 || a.feed_forward % 8 || a.experts.feed_forward % 8 || a.heads * a.head_dim % 8;
  const char* missing = a.heads % a.kv_heads != 0 || attention_rows(a.heads / a.kv_heads, a.head_dim, is_16_bit) == 0
                            ? "heads of a shape"
                        : is_16_bit && odd ? "a width that is not a multiple of 8, which bf16 and fp16 need: use f32;"
                        : a.experts.count > 256 || a.experts.used > 16 ? "more experts than 256, or more than 16 for a token,"
                                                                       : nullptr;
  if (missing)
    throw PluginError(SXT_UNSUPPORTED,
                      fmt::format("{}: the model has {} that the cuda backend does not support", path, missing));
}

// Tensor cores of an H100 at half of their best; only a plan's first estimate rests on it.
constexpr double nominal_speed = 3e14;

}  // namespace

CudaHardware::CudaHardware(const Context& context) {
  device_ = static_cast<int>(json::find_int(context.config(), "device").value_or(0));
  gpus_ = static_cast<int>(json::find_int(context.config(), "num_gpus").value_or(1));
  together_ = static_cast<uint32_t>(json::find_int(context.config(), "tensor_parallel").value_or(0));
  keep_quantised_ = json::find_bool(context.config(), "keep_quantised").value_or(false);
  int count = 0;
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found != cudaSuccess || count == 0)
    throw PluginError(SXT_NO_DEVICE, fmt::format("the cuda backend finds no GPU that it can use ({}); use --backend cpu",
                                                 found == cudaSuccess ? "there is none" : cudaGetErrorString(found)));
  if (device_ >= count)
    throw PluginError(SXT_NO_DEVICE,
                      fmt::format("device: there is no GPU {}; the machine has {}, counted from 0", device_, count));
  if (gpus_ > count - device_)
    throw PluginError(
        SXT_NO_DEVICE,
        fmt::format("num_gpus: {} GPUs are asked for, and {} can be used{}{}; give --num-gpus {} or fewer", gpus_,
                    count - device_, device_ > 0 ? fmt::format(" from GPU {} on", device_) : "",
                    std::getenv("CUDA_VISIBLE_DEVICES") ? ", with CUDA_VISIBLE_DEVICES as it is" : "", count - device_));
  there_ = count - device_;
  if (together_ > 0 && gpus_ % static_cast<int>(together_) != 0)
    throw PluginError(
        SXT_BAD_CONFIG,
        fmt::format("tensor_parallel: {} GPUs shall hold one copy of the model, and num_gpus is {}, no multiple of it; give "
                    "--num-gpus {}",
                    together_, gpus_, together_));
  cudaDeviceProp first{};
  for (int gpu = device_ + gpus_ - 1; gpu >= device_; --gpu) {  // the first one stays chosen
    CUDA_CHECK(cudaSetDevice(gpu));
    cudaDeviceProp properties{};
    CUDA_CHECK(cudaGetDeviceProperties(&properties, gpu));
    if (properties.major < 8)
      throw PluginError(SXT_NO_DEVICE,
                        fmt::format("the cuda backend needs a GPU of compute capability 8.0 or later; {} has {}.{}",
                                    properties.name, properties.major, properties.minor));
    const bool is_last = gpu == device_ + gpus_ - 1;
    if (!is_last && (std::string_view(properties.name) != first.name || properties.major != first.major ||
                     properties.minor != first.minor || properties.multiProcessorCount != first.multiProcessorCount))
      throw PluginError(
          SXT_NO_DEVICE,
          fmt::format(
              "num_gpus: GPU {} is {} and GPU {} is {}, whose results differ in their last bits; take GPUs of one kind, "
              "through CUDA_VISIBLE_DEVICES",
              gpu, properties.name, gpu + 1, first.name));
    first = properties;
    size_t free = 0, total = 0;
    CUDA_CHECK(cudaMemGetInfo(&free, &total));
    free_ = is_last ? free : std::min(free_, free);
  }
  multiprocessors_ = first.multiProcessorCount;
  label_ = first.name;
}

namespace {

// Calls body(T()) with the type of the model's numbers, once what is asked for is known to be there.
template <class Body> auto with_type(const engine::DeviceOrder& order, Body&& body) {
  const std::string& compute = order.config.compute;
  if (compute == "int8" || compute == "exact")
    throw PluginError(SXT_UNSUPPORTED,
                      fmt::format("compute: the cuda backend does not compute in {}; use auto, bf16, fp16 or f32", compute));
  check_supported(order.architecture, order.checkpoint.path(), compute != "f32");
  if (compute == "f32") return body(float());
  return compute == "fp16" ? body(fp16()) : body(bf16());
}

}  // namespace

uint32_t CudaHardware::workers(const engine::DeviceOrder& order) const {
  const auto tensors = or_throw(engine::find_tensors(order.checkpoint, order.architecture));
  return with_type(order, [&](auto type) { return static_cast<uint32_t>(gpus_) / plan<decltype(type)>(order, tensors).ranks; });
}

std::unique_ptr<engine::Device> CudaHardware::make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) {
  const auto can_stay = [](const engine::Tensor& t) {
    return is_block_type(t.type) && engine::block_format(t.type).elements > 1;
  };
  const auto& stored = order.checkpoint.tensors();
  if (keep_quantised_ && std::none_of(stored.begin(), stored.end(), can_stay))
    throw PluginError(
        SXT_UNSUPPORTED,
        fmt::format("{}: keep_quantised: none of its weights is of the quantised types that can stay so (Q4_0 to Q8_0, Q4_K "
                    "to Q6_K); leave keep_quantised out",
                    order.checkpoint.path()));
  const auto tensors = or_throw(engine::find_tensors(order.checkpoint, order.architecture));
  return with_type(order, [&](auto type) { return make<decltype(type)>(order, tensors, ret_report); });
}

template <class T> MemoryPlan CudaHardware::plan(const engine::DeviceOrder& order, const engine::ModelTensors& tensors) const {
  const engine::Architecture& a = order.architecture;
  // one plan for all, for a call takes them for alike
  const size_t memory = order.config.memory ? order.config.memory : free_ / 5 * 4;
  const auto plan_for = [&](uint32_t ranks) {
    return plan_memory<T>(a, tensors, ranks, order.config.batch_size, order.context, memory, keep_quantised_);
  };
  if (together_ > 0) {
    if (const std::string why = cannot_split(a, together_, sizeof(T) == 2); !why.empty())
      throw PluginError(SXT_UNSUPPORTED, fmt::format("{}: tensor_parallel: {}", order.checkpoint.path(), why));
    const auto plan = plan_for(together_);
    if (!plan) throw PluginError(SXT_NO_MEMORY, fmt::format("{}: {}", order.checkpoint.path(), plan.error().message));
    return *plan;
  }
  const auto alone = plan_for(1);
  if (alone) return *alone;
  // as few as it fits; of GPUs that were not asked for, only the number is told
  std::string why, fit;
  for (uint32_t ranks = 2; ranks <= static_cast<uint32_t>(there_); ++ranks) {
    const std::string uneven = cannot_split(a, ranks, sizeof(T) == 2);
    if (!uneven.empty()) {
      if (ranks == static_cast<uint32_t>(gpus_)) why = "; " + uneven;
      continue;
    }
    const auto plan = plan_for(ranks);
    if (!plan) continue;
    if (static_cast<uint32_t>(gpus_) % ranks == 0) return *plan;
    if (fit.empty()) fit = fmt::format("; {} GPUs can hold it together: give --num-gpus {}", ranks, ranks);
  }
  throw PluginError(SXT_NO_MEMORY, fmt::format("{}: {}{}{}", order.checkpoint.path(), alone.error().message, why, fit));
}

template <class T>
std::unique_ptr<engine::Device> CudaHardware::make(const engine::DeviceOrder& order, const engine::ModelTensors& tensors,
                                                   engine::DeviceReport& ret_report) const {
  const MemoryPlan plan = this->plan<T>(order, tensors);
  const int gpu = device_ + static_cast<int>(order.worker * plan.ranks);
  auto device = std::make_unique<CudaDevice<T>>(tensors, order.architecture, plan, order.end, gpu,
                                                static_cast<uint32_t>(multiprocessors_));
  const uint32_t padded = device->padded_shapes(), deviating = device->deviating_shapes();
  ret_report = {
      (plan.ranks > 1 ? fmt::format("{} of {} together", plan.ranks, label_) : label_) +
          (padded ? fmt::format(", {} products padded", padded) : "") + (keep_quantised_ ? ", weights kept quantised" : "") +
          (deviating ? fmt::format(", {} products that may differ from one GPU's in their last bits", deviating) : ""),
      order.config.compute == "auto" ? "bf16" : order.config.compute,
      plan.weights,
      plan.buffers,
      0,
      plan.page,
      nominal_speed * plan.ranks,
      0,
      plan.ranks};
  return device;
}

}  // namespace sextant::cuda
