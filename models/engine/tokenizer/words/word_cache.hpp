// Remembers the tokens of short words: texts repeat them. Bounded: a full shard takes no more. Threads: [any].
#pragma once
#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "merges.hpp"

namespace sextant::engine {

class WordCache {
 public:
  static constexpr size_t longest_word = 48;  // longer ones hardly ever return

  /// Appends the tokens of `word` if they are known.
  bool find(std::string_view word, std::vector<WordToken>& tokens) const {
    Shard& shard = shard_of(word);
    const std::lock_guard lock(shard.mutex);
    const auto it = shard.words.find(word);
    if (it == shard.words.end()) return false;
    tokens.insert(tokens.end(), it->second.begin(), it->second.end());
    return true;
  }
  void remember(std::string_view word, const WordToken* first, size_t count) const {
    Shard& shard = shard_of(word);
    const std::lock_guard lock(shard.mutex);
    if (shard.words.size() < words_per_shard) shard.words.emplace(word, std::vector<WordToken>(first, first + count));
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<WordToken>, Hash, std::equal_to<>> words;
  };
  static constexpr size_t words_per_shard = 4'096;  // 16 shards: about 10 MiB when full

  Shard& shard_of(std::string_view word) const { return shards_[Hash()(word) >> 32 & (shards_.size() - 1)]; }
  mutable std::array<Shard, 16> shards_;
};

}  // namespace sextant::engine
