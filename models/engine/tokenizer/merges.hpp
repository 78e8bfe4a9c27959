// Byte-pair merges of one word (Sennrich et al. 2016, as GPT-2 applies them to bytes). Threads: const members are [any].
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sextant::engine {

/// A token of a word: its id and where it ends in the word's bytes.
struct WordToken {
  int32_t id;
  uint32_t end;
};

class Merges {
 public:
  /// Room for `count` merges.
  explicit Merges(size_t count);

  void set_byte(uint8_t byte, int32_t id) { byte_ids_[byte] = id; }
  /// Merges (left, right) into `merged`; lower ranks go first. The last of two merges of one pair counts.
  void add(int32_t left, int32_t right, int32_t rank, int32_t merged);

  /// Appends the word's tokens. A byte that the vocabulary does not have gives no token, as in Hugging Face tokenizers; its
  /// bytes then belong to the token before it, or to the first one after.
  void apply(std::string_view word, std::vector<WordToken>& tokens) const;

 private:
  struct Entry {
    uint64_t pair = empty;
    int32_t rank = 0, merged = 0;
  };
  static constexpr uint64_t empty = ~uint64_t{0};  // ids are not negative, so no pair looks like this
  static constexpr int32_t no_rank = INT32_MAX;

  const Entry* find(int32_t left, int32_t right) const;
  size_t slot(uint64_t pair) const { return static_cast<size_t>(pair * 0x9E3779B97F4A7C15u >> shift_); }
  void merge_short(std::vector<WordToken>& symbols) const;
  void merge_long(std::vector<WordToken>& symbols) const;

  std::array<int32_t, 256> byte_ids_;
  std::vector<Entry> entries_;  // open addressing, linear probing, at most half full
  int shift_;
};

}  // namespace sextant::engine
