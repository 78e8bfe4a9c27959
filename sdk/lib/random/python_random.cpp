// Matsumoto, Nishimura: Mersenne Twister, 1998; what Python does with it: Modules/_randommodule.c, Lib/random.py.
#include <sextant/python_random.hpp>
#include <bit>
#include <cmath>
#include <numbers>
#include <unordered_set>

namespace sextant {

PythonRandom::PythonRandom(uint64_t seed) {
  state_[0] = 19650218;
  for (uint32_t i = 1; i < size; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  const std::array<uint32_t, 2> key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  const size_t length = key[1] ? 2 : 1;
  size_t i = 1, j = 0;
  const auto step = [&] {
    if (++i >= size) {
      state_[0] = state_[size - 1];
      i = 1;
    }
  };
  for (size_t k = size; k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525u)) + key[j] + static_cast<uint32_t>(j);
    j = (j + 1) % length;
    step();
  }
  for (size_t k = size - 1; k > 0; --k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941u)) - static_cast<uint32_t>(i);
    step();
  }
  state_[0] = 0x80000000u;
}

uint32_t PythonRandom::next32() {
  if (at_ == size) {
    for (size_t i = 0; i < size; ++i) {
      const uint32_t y = (state_[i] & 0x80000000u) | (state_[(i + 1) % size] & 0x7FFFFFFFu);
      state_[i] = state_[(i + 397) % size] ^ (y >> 1) ^ (y & 1 ? 0x9908B0DFu : 0);
    }
    at_ = 0;
  }
  uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9D2C5680u;
  y ^= (y << 15) & 0xEFC60000u;
  return y ^ (y >> 18);
}

double PythonRandom::uniform() {
  const uint64_t high = next32() >> 5, low = next32() >> 6;
  return static_cast<double>((high << 26) + low) * 0x1p-53;
}

double PythonRandom::gauss() {
  if (kept_) {
    const double z = *kept_;
    kept_.reset();
    return z;
  }
  const double angle = uniform() * 2 * std::numbers::pi, radius = std::sqrt(-2 * std::log(1 - uniform()));
  kept_ = std::sin(angle) * radius;
  return std::cos(angle) * radius;
}

uint64_t PythonRandom::below(uint64_t bound) {
  const int bits = std::bit_width(bound);
  uint64_t value = bound;
  while (value >= bound) {  // getrandbits(bits): words from the lowest on, the last one cut
    value = 0;
    for (int done = 0; done < bits; done += 32) {
      const uint64_t word = next32();
      value |= (bits - done < 32 ? word >> (32 - (bits - done)) : word) << done;
    }
  }
  return value;
}

std::vector<uint64_t> PythonRandom::sample(uint64_t population, uint64_t count) {
  uint64_t threshold = 21;   // below it a list takes less room than a set
  if (count > 5)
    threshold +=
        uint64_t{1} << (2 * static_cast<unsigned>(std::ceil(std::log(static_cast<double>(count * 3)) / std::log(4.0))));
  std::vector<uint64_t> out;
  if (population <= threshold) {
    std::vector<uint64_t> pool(population);
    for (uint64_t i = 0; i < population; ++i) pool[i] = i;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t j = below(population - i);
      out.push_back(pool[j]);
      pool[j] = pool[population - i - 1];
    }
    return out;
  }
  std::unordered_set<uint64_t> seen;
  while (out.size() < count)
    if (const uint64_t j = below(population); seen.insert(j).second) out.push_back(j);
  return out;
}

}  // namespace sextant
