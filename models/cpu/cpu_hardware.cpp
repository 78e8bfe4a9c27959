#include "cpu_hardware.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sched.h>
#include <thread>
#include <sextant/numbers.hpp>
#include "encoder/encoder_device.hpp"
#include "isa.hpp"
#include "speed.hpp"

namespace sextant::cpu {
namespace {

// That this process may run on: a container's cpuset or numactl leaves it some, which hardware_concurrency() does not see.
uint32_t processors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<uint32_t>(CPU_COUNT(&allowed));
  return std::max(1u, std::thread::hardware_concurrency());
}

uint32_t threads_of(const Context& context) {
  const auto threads = static_cast<uint32_t>(std::max<int64_t>(0, json::find_int(context.config(), "threads").value_or(0)));
  return threads ? threads : processors();
}

Compute compute_of(const std::string& name) {
  if (name == "bf16") return Compute::bf16;
  if (name == "int8") return Compute::int8;
  if (name == "exact") return Compute::exact;
  if (name == "auto" || name == "f32") return Compute::f32;
  throw PluginError(SXT_UNSUPPORTED,
                    fmt::format("compute: the cpu backend does not compute in {}; use f32, bf16, int8 or exact", name));
}

const char* name_of(Compute compute) {
  switch (compute) {
    case Compute::bf16: return "bf16";
    case Compute::int8: return "int8";
    case Compute::exact: return "exact";
    case Compute::f32: break;
  }
  return "f32";
}

}  // namespace

CpuHardware::CpuHardware(const Context& context) : isa_(context.text("isa", "auto")), pool_(threads_of(context)) {}

std::unique_ptr<engine::Device> CpuHardware::make_device(const engine::DeviceOrder& order, engine::DeviceReport& ret_report) {
  const Compute compute = compute_of(order.config.compute);
  if (is_exact(compute) && order.architecture.head_dim > exact_head_dim_max)
    throw PluginError(SXT_UNSUPPORTED,
                      fmt::format("{}: compute: heads of {} numbers are too long for {}, whose sums of integers take up to {}; "
                                  "use f32 or bf16",
                                  order.checkpoint.path(), order.architecture.head_dim, name_of(compute), exact_head_dim_max));
  const Numerics numerics{*or_throw(choose_kernels(isa_, compute)), *or_throw(choose_matmul(isa_, compute)),
                          *or_throw(choose_attention(isa_, compute))};
  const auto tensors = or_throw(engine::find_tensors(order.checkpoint, order.architecture));
  const size_t memory = order.config.memory ? order.config.memory : available_memory() / 5 * 4;
  const auto plan =
      plan_memory(tensors, order.architecture, numerics, pool_.size(), order.config.batch_size, order.context, memory);
  if (!plan) throw PluginError(SXT_NO_MEMORY, fmt::format("{}: {}", order.checkpoint.path(), plan.error().message));
  auto device = std::make_unique<CpuDevice>(tensors, order.architecture, *plan, numerics, pool_, order.end);
  const std::string_view isa = numerics.matmul.name;
  ret_report = {
      label(isa == "amx" ? "AMX" : numerics.kernels.label),
      name_of(compute),
      plan->weights,
      plan->buffers,
      plan->weights,
      plan->page,
      nominal_speed(numerics.matmul) * pool_.size(),
      plan->file};
  return device;
}

std::string CpuHardware::label(std::string_view isa) const {
  return fmt::format("{}, {} thread{}", isa, pool_.size(), pool_.size() == 1 ? "" : "s");
}

std::unique_ptr<engine::Device> CpuHardware::make_encoder(const engine::EncoderOrder& order, engine::DeviceReport& ret_report) {
  if (compute_of(order.config.compute) != Compute::f32)
    throw PluginError(SXT_UNSUPPORTED,
                      fmt::format("{}: compute: encoders are computed in f32 alone; leave it out", order.checkpoint.path()));
  const Kernels& kernels = *or_throw(choose_kernels(isa_));
  const auto tensors = or_throw(engine::find_encoder_tensors(order.checkpoint, order.shape));
  const EncoderPlan plan = plan_encoder(tensors, order.shape, kernels.matmul, order.context, pool_.size());
  const size_t memory = order.config.memory ? order.config.memory : available_memory() / 5 * 4;
  if (memory && plan.weights + plan.buffers > memory)
    throw PluginError(
        SXT_NO_MEMORY,
        fmt::format("{}: memory: {} are too few: the weights take {}, the buffers {}; raise memory or lower max_seq_len",
                    order.checkpoint.path(), mebibytes(memory), mebibytes(plan.weights), mebibytes(plan.buffers)));
  auto device = std::make_unique<EncoderDevice>(tensors, order.shape, plan, kernels, pool_);
  ret_report = {label(kernels.label), name_of(Compute::f32), plan.weights, plan.buffers, plan.weights, 0,
                nominal_speed(kernels.matmul) * pool_.size(), plan.file};
  return device;
}

void CpuHardware::for_each(uint64_t n, const std::function<void(uint64_t)>& body) {
  pool_.run(static_cast<uint32_t>(n), [&](uint32_t i, uint32_t) { body(i); });
}

}  // namespace sextant::cpu
