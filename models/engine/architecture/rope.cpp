#include "rope.hpp"
#include <algorithm>
#include <cmath>
#include <numbers>
#include "fixed_math.hpp"

namespace sextant::engine {
namespace {

// Pairs up to `low` turn often enough within the original context to stay as they are; those from `high` on are stretched.
struct Ramp { double low, high; };
Ramp yarn_ramp(const Rope& rope, bool exact) {
  const auto ln = exact ? &fixed::ln : +[](double x) { return std::log(x); };
  const auto pair_that_turns = [&](double times) {
    return rope.dims * ln(rope.original_context / (times * 2 * std::numbers::pi)) / (2 * ln(rope.theta));
  };
  double low = pair_that_turns(rope.beta_fast), high = pair_that_turns(rope.beta_slow);
  if (rope.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0), high = std::min(high, rope.dims - 1.0);
  return {low, low == high ? high + 0.001 : high};
}

double llama3(const Rope& rope, double frequency) {
  const double turns = rope.original_context * frequency / (2 * std::numbers::pi);
  if (turns > rope.high_frequency_factor) return frequency;
  if (turns < rope.low_frequency_factor) return frequency / rope.factor;
  const double smooth = (turns - rope.low_frequency_factor) / (rope.high_frequency_factor - rope.low_frequency_factor);
  return (1 - smooth) * frequency / rope.factor + smooth * frequency;
}

}  // namespace

uint32_t rope_length(const Rope& rope, uint32_t length) {
  if (length <= rope.original_context) return 0;
  if (rope.scaling == Rope::Scaling::dynamic_ntk) return length;
  return rope.scaling == Rope::Scaling::longrope ? rope.original_context + 1 : 0;
}

std::vector<double> rope_frequencies(const Rope& rope, uint32_t rope_length, bool exact) {
  const auto power = exact ? &fixed::power : +[](double base, double exponent) { return std::pow(base, exponent); };
  const bool beyond = rope_length > rope.original_context;
  double theta = rope.theta;
  if (rope.scaling == Rope::Scaling::dynamic_ntk && beyond) {
    const double stretch = rope.factor * rope_length / rope.original_context - (rope.factor - 1);
    theta *= power(stretch, rope.dims / (rope.dims - 2.0));
  }
  const Ramp ramp = rope.scaling == Rope::Scaling::yarn ? yarn_ramp(rope, exact) : Ramp{};
  const bool is_long = rope.scaling == Rope::Scaling::longrope && beyond;
  const std::vector<double>& divisors = is_long ? rope.long_divisors : rope.divisors;
  std::vector<double> frequencies(rope.dims / 2);
  for (uint32_t i = 0; i < frequencies.size(); ++i) {
    double f = power(theta, -2.0 * i / rope.dims);
    if (rope.scaling == Rope::Scaling::linear) f /= rope.factor;
    if (rope.scaling == Rope::Scaling::llama3) f = llama3(rope, f);
    if (rope.scaling == Rope::Scaling::yarn) {
      const double stretched = std::clamp((i - ramp.low) / (ramp.high - ramp.low), 0.0, 1.0);
      f = f / rope.factor * stretched + f * (1 - stretched);
    }
    frequencies[i] = divisors.empty() ? f : f / divisors[i];
  }
  return frequencies;
}

}  // namespace sextant::engine
