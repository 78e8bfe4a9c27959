#include "plan.hpp"
#include <algorithm>
#include <numeric>

namespace sextant::serve {
namespace {

// One wave is computed, one tokenised, one waits and one is made. Each text is held once, by its attempt, and lent to the
// backend.
constexpr size_t waves_at_once = 4, copies = 1;
// Post-processors and metrics, which a plan does not load, and the heaps of a run's threads: 4.5 MiB with a tiny model.
constexpr uint64_t only_in_a_run = 5 << 20;

}  // namespace

void PlanOfWaves::add(const json::Value& planned, uint64_t text) {
  const auto number = [&](const char* key) {
    return static_cast<uint64_t>(std::max(0.0, json::find_number(planned, key).value_or(0)));
  };
  plan_.prompt_tokens += number("prompt_tokens");
  plan_.computed_tokens += number("computed_tokens");
  plan_.kv_bytes = std::max(plan_.kv_bytes, number("kv_bytes"));
  plan_.peak_bytes = std::max(plan_.peak_bytes, number("peak_bytes"));
  if (const auto seconds = json::find_number(planned, "seconds")) plan_.seconds = plan_.seconds.value_or(0) + *seconds;
  plan_.devices = std::max<uint64_t>(1, number("devices"));
  backend_resident_ = number("resident_bytes");
  held_.push_back(text);
  if (held_.size() > waves_at_once) held_.pop_front();
  held_most_ = std::max(held_most_, std::accumulate(held_.begin(), held_.end(), uint64_t{0}));
}

Plan PlanOfWaves::take() {
  plan_.beside_bytes = resident_ - std::min(resident_, backend_resident_) + held_most_ * copies + only_in_a_run;
  plan_.peak_bytes += plan_.beside_bytes;
  return std::move(plan_);
}

std::string to_json(const Plan& plan) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "prompt_tokens", json::Value(plan.prompt_tokens), a);
  json::set(out, "computed_tokens", json::Value(plan.computed_tokens), a);
  json::set(out, "kv_bytes", json::Value(plan.kv_bytes), a);
  json::set(out, "peak_bytes", json::Value(plan.peak_bytes), a);
  json::set(out, "beside_bytes", json::Value(plan.beside_bytes), a);
  json::set(out, "devices", json::Value(plan.devices), a);
  json::set(out, "exact", json::Value(plan.exact), a);
  if (plan.seconds) json::set(out, "seconds", json::Value(*plan.seconds), a);
  return json::write(out);
}

}  // namespace sextant::serve
