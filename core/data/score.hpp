// A metric over a data set. Plain data.
#pragma once
#include <cstdint>
#include <limits>
#include <string>

namespace sextant::data {

struct Estimate {
  std::string metric, filter;
  bool higher_is_better = true;
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();   // NaN: not known
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
  uint64_t n = 0, clusters = 0;        // questions; groups of them that belong together, 0 where each is alone
  std::string
      method{};  // of the interval: "wilson", "t", "clustered", "bootstrap", "jackknife", "propagated"; empty: there is none
};

}  // namespace sextant::data
