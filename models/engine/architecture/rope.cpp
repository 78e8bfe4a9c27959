#include "rope.hpp"
#include <cmath>

namespace sextant::engine {

uint32_t rope_length(const Rope&, uint32_t) { return 0; }

std::vector<double> rope_frequencies(const Rope& rope, uint32_t) {
  std::vector<double> frequencies(rope.dims / 2);
  for (uint32_t i = 0; i < frequencies.size(); ++i)
    frequencies[i] = std::pow(rope.theta, -2.0 * i / rope.dims) / (rope.divisors.empty() ? 1.0 : rope.divisors[i]);
  return frequencies;
}

}  // namespace sextant::engine
