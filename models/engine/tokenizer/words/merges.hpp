// Byte-pair merges of one word (Sennrich et al. 2016). Threads: const members are [any].
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>
#include "word_model.hpp"

namespace sextant::engine {

class Merges {
 public:
  /// Room for `count` merges.
  explicit Merges(size_t count);

  /// Merges (left, right) into `merged`; lower ranks go first. The last of two merges of one pair counts.
  void add(int32_t left, int32_t right, int32_t rank, int32_t merged);

  /// Merges the symbols of one word until no merge applies; ends are moved along.
  void apply(std::vector<WordToken>& symbols) const;

 private:
  struct Entry {
    uint64_t pair = empty;
    int32_t rank = 0, merged = 0;
  };
  static constexpr uint64_t empty = ~uint64_t{0};  // ids are not negative, so no pair looks like this
  static constexpr int32_t no_rank = INT32_MAX;

  const Entry* find(int32_t left, int32_t right) const;
  void prefetch(int32_t left, int32_t right) const;
  size_t slot(uint64_t pair) const { return static_cast<size_t>(pair * 0x9E3779B97F4A7C15u >> shift_); }
  void merge_short(std::vector<WordToken>& symbols) const;
  void merge_long(std::vector<WordToken>& symbols) const;

  std::vector<Entry> entries_;  // open addressing, linear probing, at most half full
  int shift_;
};

}  // namespace sextant::engine
