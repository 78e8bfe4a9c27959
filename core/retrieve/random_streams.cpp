#include "random_streams.hpp"
#include <bit>
#include <charconv>
#include <fmt/format.h>
#include <numeric>
#include <sextant/sha256.hpp>

namespace sextant::retrieve {

Shuffled::Shuffled(uint64_t n, uint64_t seed, std::string_view name, uint64_t row) : n_(n) {
  const std::string hash = sha256_hex(fmt::format("retrieve\n{}\n{}\n{}", seed, name, row));
  std::from_chars(hash.data(), hash.data() + 16, state_, 16);
}

uint64_t Shuffled::below(uint64_t bound) {
  const uint64_t mask = std::bit_ceil(bound) - 1;
  for (;;) {  // fewer than two rounds on average
    state_ += 0x9E3779B97F4A7C15;
    uint64_t x = state_;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    x = (x ^ x >> 31) & mask;
    if (x < bound) return x;
  }
}

uint64_t Shuffled::next() {
  const auto at = [&](uint64_t place) {
    const auto found = moved_.find(place);
    return found == moved_.end() ? place : found->second;
  };
  const uint64_t place = next_ + below(n_ - next_);
  const uint64_t value = at(place);
  moved_[place] = at(next_);
  moved_.erase(next_++);
  return value;
}

std::vector<uint32_t> LegacyDraws::draw(uint64_t query, uint32_t draw) {
  const size_t end = (query + 1) * draws_ * count_;
  std::vector<uint32_t> permutation(population_);
  while (drawn_.size() < end) {
    std::iota(permutation.begin(), permutation.end(), 0u);
    for (uint32_t last = population_ - 1; last > 0; --last) {
      const uint32_t mask = std::bit_ceil(uint64_t{last} + 1) - 1;
      uint32_t other = static_cast<uint32_t>(generator_()) & mask;
      while (other > last) other = static_cast<uint32_t>(generator_()) & mask;
      std::swap(permutation[last], permutation[other]);
    }
    drawn_.insert(drawn_.end(), permutation.begin(), permutation.begin() + count_);
  }
  const auto first = drawn_.begin() + static_cast<ptrdiff_t>((query * draws_ + draw) * count_);
  return {first, first + count_};
}

}  // namespace sextant::retrieve
