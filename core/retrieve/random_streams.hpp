// Random row numbers: our own streams, which depend on a key alone, and numpy's legacy stream for the compat modes.
#pragma once
#include <cstdint>
#include <random>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sextant::retrieve {

/// The numbers 0 .. n-1 in an order that (seed, name, row) alone decides, one at a time: a Fisher-Yates shuffle that keeps
/// only the places it has touched. SplitMix64 (Steele, Lea, Flood 2014) from a key that is SHA-256's.
class Shuffled {
 public:
  Shuffled(uint64_t n, uint64_t seed, std::string_view name, uint64_t row);
  bool empty() const { return next_ == n_; }
  uint64_t next();   // not when empty

 private:
  uint64_t below(uint64_t bound);
  uint64_t n_, next_ = 0, state_;
  std::unordered_map<uint64_t, uint64_t> moved_;
};

/// What numpy's `np.random.seed(seed)` and then, per query and draw, `np.random.choice(population, count, replace=False)`
/// give: a whole permutation of the population is drawn each time, and its first `count` elements are taken. The stream is a
/// single one, so the lists of a query are those after all queries before it; they are kept, which makes the order of the
/// queries irrelevant.
class LegacyDraws {
 public:
  LegacyDraws(uint32_t seed, uint32_t population, uint32_t count, uint32_t draws_per_query)
      : generator_(seed), population_(population), count_(count), draws_(draws_per_query) {}
  /// Element numbers of the population; draw < draws_per_query, count <= population.
  std::vector<uint32_t> draw(uint64_t query, uint32_t draw);

 private:
  std::mt19937 generator_;   // the standard fixes its seeding and its numbers, and numpy's legacy seeding is the same
  uint32_t population_, count_, draws_;
  std::vector<uint32_t> drawn_;   // [queries, draws, count]
};

}  // namespace sextant::retrieve
