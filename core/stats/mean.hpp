// Mean and spread of a few numbers. Pure; threads: [any].
#pragma once
#include <span>

namespace sextant::stats {

struct Spread {
  double mean = 0, deviation = 0;   // NaN: of no number; of fewer than two
};
/// NaNs are left out. `deviation` is the sample's standard deviation (divided by n - 1).
Spread spread_of(std::span<const double> values);

}  // namespace sextant::stats
