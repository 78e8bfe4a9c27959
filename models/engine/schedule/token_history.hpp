// Tokens as they followed each other, and where each pair of them stood: what came after the last words the last time they
// were said.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace sextant::engine {

class TokenHistory {
 public:
  /// Equal tokens before a place that are counted; a pair is the least.
  static constexpr uint32_t match_most = 32, match_least = 2;
  /// Stands between two texts: no token of a path is equal to it.
  static constexpr int32_t gap = -1;

  /// The tokens from `position` on followed the last `length` tokens of what was looked for; length 0: there is none.
  struct Match { uint32_t position = 0, length = 0; };

  void append(int32_t token);
  void append(std::span<const int32_t> tokens) {
    for (const int32_t token : tokens) append(token);
  }
  /// The place where most of the tail's last tokens stood before and something follows; of equal ones the latest. Looks at the
  /// latest places of its last pair only, so that it takes a fixed time.
  Match find(std::span<const int32_t> tail) const;

  std::span<const int32_t> tokens() const { return tokens_; }

 private:
  static constexpr uint32_t none = UINT32_MAX;
  size_t slot(int32_t first, int32_t second) const;
  void link(uint32_t position);

  std::vector<int32_t> tokens_;
  std::vector<uint32_t> previous_;  // [tokens] the place before the one behind this token whose pair has the same slot
  std::vector<uint32_t> latest_;    // [a power of two] by pair: the latest place
};

}  // namespace sextant::engine
