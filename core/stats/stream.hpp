// Random numbers of simulations and resampling: SplitMix64 (Steele, Lea, Flood 2014) from a key, so that the same call gives
// the same numbers on every machine. Threads: [owner].
#pragma once
#include <cstdint>
#include <string_view>

namespace sextant::stats {

/// 64 bits of the SHA-256 of a name.
uint64_t stream_key(std::string_view name);

class Stream {
 public:
  explicit Stream(uint64_t key) : state_(key) {}
  uint64_t bits() {
    state_ += 0x9E3779B97F4A7C15;
    uint64_t x = state_;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
  }
  /// 0 .. bound - 1, bound at most 2^32: the upper half of a product. Its bias is below bound / 2^32.
  uint64_t below(uint64_t bound) { return (bits() >> 32) * bound >> 32; }
  /// In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

}  // namespace sextant::stats
