// Random numbers for the kernels' tests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace fakes {

/// n normally distributed numbers of that standard deviation; a seed always gives the same ones.
inline std::vector<float> numbers(size_t n, uint64_t seed, float scale = 1) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> out(n);
  for (float& x : out) x = normal(random);
  return out;
}

}  // namespace fakes
