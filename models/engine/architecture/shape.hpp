// What both formats read alike: widths and their limits, and a few formulas. Private to read_architecture.
#pragma once
#include <span>
#include "keys.hpp"
#include "architecture.hpp"

namespace sextant::engine {

inline constexpr uint32_t vocab_max = 1 << 24, experts_max = 1'024;

struct WidthKeys { std::string_view layers, hidden, heads, kv_heads, head_dim, feed_forward, context, norm_epsilon; };
/// Fills in the widths that all families have and checks that they fit together. `head_dim`: where the file has no key of it,
/// 0: hidden / heads.
Result<void> read_widths(const Keys& keys, const WidthKeys& names, Architecture& ret, uint32_t head_dim = 0);

/// A number as the float that the table holds.
Result<float> real_or(const Keys& keys, std::string_view name, double least, double most, double otherwise);

float inverse_root(double x);                         // 1 / sqrt(x)
double yarn_magnitude(double factor, double mscale);  // 0.1 mscale ln(factor) + 1 (Peng et al. 2023, 3.4)

/// "FILE: architecture "mamba" is not supported; supported: ..."
Error unknown_family(const Checkpoint& checkpoint, std::string_view what, std::string_view name,
                     std::span<const std::string_view> supported);

}  // namespace sextant::engine
