// What both formats read alike: widths and their limits, and a few formulas. Private to read_architecture.
#pragma once
#include <span>
#include "keys.hpp"
#include "architecture.hpp"

namespace sextant::engine {

inline constexpr uint32_t vocab_max = 1 << 24, experts_max = 1'024;

struct WidthKeys { std::string_view layers, hidden, heads, kv_heads, head_dim, feed_forward, context, norm_epsilon; };
/// What stands for a key that is missing. 0: it must be there; of kv_heads: heads; of head_dim: hidden / heads.
struct WidthDefaults {
  uint32_t layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0, context = 0;
  double norm_epsilon = 0;
};
/// Fills in the widths that all families have and checks that they fit together.
Result<void> read_widths(const Keys& keys, const WidthKeys& names, const WidthDefaults& defaults, Architecture& ret);

/// A number as the float that the table holds.
Result<float> real_or(const Keys& keys, std::string_view name, double least, double most, double otherwise);

float inverse_root(double x);                         // 1 / sqrt(x)
double yarn_magnitude(double factor, double mscale);  // 0.1 mscale ln(factor) + 1 (Peng et al. 2023, 3.4)

/// "FILE: architecture "mamba" is not supported; supported: ..."
Error unknown_family(const Checkpoint& checkpoint, std::string_view what, std::string_view name,
                     std::span<const std::string_view> supported);

}  // namespace sextant::engine
