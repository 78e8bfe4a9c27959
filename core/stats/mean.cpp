#include "mean.hpp"
#include <cmath>
#include <limits>

namespace sextant::stats {

Spread spread_of(std::span<const double> values) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  size_t n = 0;
  for (const double value : values)
    if (!std::isnan(value)) sum += value, ++n;
  if (n == 0) return {none, none};
  const double mean = sum / static_cast<double>(n);
  if (n == 1) return {mean, none};
  double squares = 0;
  for (const double value : values)
    if (!std::isnan(value)) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / static_cast<double>(n - 1))};
}

}  // namespace sextant::stats
