// Remembers the tokens of short words: texts repeat them. A table of fixed size in which a word takes the place of another one
// with the same slot; an entry is one cache line, because a miss of the processor's cache costs more than all else here.
// Threads: [any].
#pragma once
#include <array>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>
#include "word_model.hpp"

namespace sextant::engine {

class WordCache {
 public:
  WordCache() : entries_(entries) {}

  /// Appends the tokens of `word`, whose hash is `hash`, if they are known.
  bool find(std::string_view word, size_t hash, std::vector<WordToken>& tokens) const {
    const std::lock_guard lock(mutex_of(hash));
    const Entry& entry = entries_[hash % entries];
    if (entry.size != word.size() || std::memcmp(entry.word, word.data(), word.size()) != 0) return false;
    for (size_t i = 0; i < entry.count; ++i) tokens.push_back({entry.ids[i], entry.ends[i]});
    return true;
  }
  /// The word is not empty; a long one, or one of many tokens, is not worth a place.
  void remember(std::string_view word, size_t hash, const WordToken* first, size_t count) const {
    if (word.size() > word_max || count > tokens_max) return;
    const std::lock_guard lock(mutex_of(hash));
    Entry& entry = entries_[hash % entries];
    entry.size = static_cast<uint8_t>(word.size());
    entry.count = static_cast<uint8_t>(count);
    std::memcpy(entry.word, word.data(), word.size());
    for (size_t i = 0; i < count; ++i) {
      entry.ids[i] = first[i].id;
      entry.ends[i] = static_cast<uint8_t>(first[i].end);
    }
  }

 private:
  static constexpr size_t entries = 32'768;  // 2 MiB: the words of most texts, and it stays in a core's second cache
  static constexpr size_t word_max = 32, tokens_max = 6;
  struct alignas(64) Entry {
    uint8_t size = 0, count = 0;  // size 0: empty
    uint8_t ends[tokens_max];
    int32_t ids[tokens_max];
    char word[word_max];
  };
  static_assert(sizeof(Entry) == 64);

  std::mutex& mutex_of(size_t hash) const { return mutexes_[hash % mutexes_.size()]; }
  mutable std::array<std::mutex, 16> mutexes_;
  mutable std::vector<Entry> entries_;
};

}  // namespace sextant::engine
