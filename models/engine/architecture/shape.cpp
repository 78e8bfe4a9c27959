#include "shape.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "../checkpoint/messages.hpp"
#include "fixed_math.hpp"

namespace sextant::engine {

Result<void> read_widths(const Keys& keys, const WidthKeys& names, const WidthDefaults& defaults, Architecture& ret) {
  Architecture& a = ret;
  const auto width = [&](std::string_view name, uint32_t most, uint32_t otherwise) {
    return otherwise == 0 ? keys.count(name, most) : keys.count_or(name, most, otherwise);
  };
  SXT_TRY(const uint32_t layers, width(names.layers, 1'024, defaults.layers));
  a.layers.resize(layers);
  SXT_TRY(a.hidden, width(names.hidden, 65'536, defaults.hidden));
  SXT_TRY(a.heads, width(names.heads, 1'024, defaults.heads));
  SXT_TRY(a.kv_heads, width(names.kv_heads, 1'024, defaults.kv_heads ? defaults.kv_heads : a.heads));
  if (a.heads % a.kv_heads != 0)
    return keys.wrong(fmt::format("{} heads cannot share {} key-value heads evenly", a.heads, a.kv_heads));
  SXT_TRY(a.head_dim, keys.count_or(names.head_dim, 1'024, defaults.head_dim));
  if (a.head_dim == 0) {
    if (a.hidden % a.heads != 0) return keys.wrong(fmt::format("{} heads do not divide a width of {}", a.heads, a.hidden));
    a.head_dim = a.hidden / a.heads;
  }
  SXT_TRY(a.feed_forward, width(names.feed_forward, 1 << 20, defaults.feed_forward));
  SXT_TRY(a.context, width(names.context, 1 << 27, defaults.context));
  SXT_TRY(const double epsilon, defaults.norm_epsilon > 0 ? keys.number_or(names.norm_epsilon, 0, 1, defaults.norm_epsilon)
                                                          : keys.number(names.norm_epsilon, 0, 1));
  a.norm_epsilon = static_cast<float>(epsilon);
  return {};
}

Result<float> real_or(const Keys& keys, std::string_view name, double least, double most, double otherwise) {
  SXT_TRY(const double x, keys.number_or(name, least, most, otherwise));
  return static_cast<float>(x);
}

float inverse_root(double x) { return static_cast<float>(1 / std::sqrt(x)); }

double yarn_magnitude(double factor, double mscale) { return factor <= 1 ? 1 : 0.1 * mscale * fixed::ln(factor) + 1; }

Error unknown_family(const Checkpoint& checkpoint, std::string_view what, std::string_view name,
                     std::span<const std::string_view> supported) {
  constexpr std::string_view latent[] = {"deepseek2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite",
                                         "kimi_k2", "longcat_flash", "minicpm3"};
  const bool mla = std::find(std::begin(latent), std::end(latent), name) != std::end(latent);
  return {Error::Kind::data, fmt::format("{}: {} {} {}; supported: {}", checkpoint.path(), what, shown(name),
                                         mla ? "has multi-head latent attention, which is not supported" : "is not supported",
                                         fmt::join(supported, ", "))};
}

}  // namespace sextant::engine
