// The stream of CPython's random.Random: MT19937 seeded by init_by_array, and random.sample on top of it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sextant {

class PythonRandom {
 public:
  explicit PythonRandom(uint64_t seed);
  uint32_t next32();
  /// random.random(): in [0, 1), 53 bits.
  double uniform();
  /// random.gauss(0, 1): drawn in pairs, of which the second is kept.
  double gauss();
  /// 0 .. bound - 1; bound > 0.
  uint64_t below(uint64_t bound);
  /// random.sample(range(population), count); count <= population.
  std::vector<uint64_t> sample(uint64_t population, uint64_t count);

 private:
  static constexpr size_t size = 624;
  std::array<uint32_t, size> state_;
  size_t at_ = size;
  std::optional<double> kept_;
};

}  // namespace sextant
