#include "cpu_hardware.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <thread>
#include "isa.hpp"

namespace sextant::cpu {
namespace {

uint32_t threads_of(const Context& context) {
  const auto threads = static_cast<uint32_t>(std::max<int64_t>(0, json::find_int(context.config(), "threads").value_or(0)));
  return threads ? threads : std::max(1u, std::thread::hardware_concurrency());
}

void check_compute(const std::string& compute) {
  if (compute != "auto" && compute != "f32")
    throw PluginError(SXT_UNSUPPORTED, "compute: the cpu backend computes in f32 only, not in " + compute + "; use auto or f32");
}

// Operations per second and thread that such processors reach, measured on Zen 4 at 3.6 GHz.
double nominal_speed(std::string_view isa) { return isa == "avx512" ? 95e9 : isa == "avx2" ? 75e9 : 18e9; }

}  // namespace

CpuHardware::CpuHardware(const Context& context) : isa_(context.text("isa", "auto")), pool_(threads_of(context)) {}

std::unique_ptr<engine::Device> CpuHardware::make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) {
  check_compute(order.config.compute);
  const Kernels& kernels = *or_throw(choose_kernels(isa_));
  const size_t memory = order.config.memory ? order.config.memory : available_memory() / 5 * 4;
  const auto plan = plan_memory(order.architecture, pool_.size(), order.config.batch_size, order.context, memory);
  if (!plan) throw PluginError(SXT_NO_MEMORY, fmt::format("{}: {}", order.checkpoint.path(), plan.error().message));
  const auto tensors = or_throw(engine::find_tensors(order.checkpoint, order.architecture));
  auto device = std::make_unique<CpuDevice>(tensors, order.architecture, *plan, kernels, pool_, order.end);
  ret_report = {fmt::format("{}, {} thread{}", kernels.label, pool_.size(), pool_.size() == 1 ? "" : "s"), "f32", plan->weights,
                plan->buffers, plan->page, nominal_speed(kernels.name) * pool_.size()};
  return device;
}

void CpuHardware::for_each(uint64_t n, const std::function<void(uint64_t)>& body) {
  pool_.run(static_cast<uint32_t>(n), [&](uint32_t i, uint32_t) { body(i); });
}

}  // namespace sextant::cpu
