// One metric on one attempt, and a metric over a data set. Plain data.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include "sample.hpp"

namespace sextant::data {

struct Score {
  SampleId id;
  std::string metric, filter;     // filter: the named chain of post-processors, "none" where a set has but one
  double value = std::numeric_limits<double>::quiet_NaN();
  std::string answer, explanation;
};

struct Estimate {
  std::string metric, filter;
  bool higher_is_better = true;
  double value = std::numeric_limits<double>::quiet_NaN();
  double standard_error = std::numeric_limits<double>::quiet_NaN();   // NaN: not known
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
  uint64_t n = 0, clusters = 0;
};

}  // namespace sextant::data
