// All items of a call as one radix tree of tokens: what is written once is computed once. Memory grows with the distinct
// tokens.
#pragma once
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace sextant::engine {

class TokenTrie {
 public:
  static constexpr uint32_t none = UINT32_MAX;
  /// A stretch of tokens with no branch inside. Node 0 is the root and has no tokens.
  struct Node {
    uint32_t first_token, length;  // into tokens()
    uint32_t position;             // of its first token
    uint32_t parent = none, first_child = none, last_child = none, next = none, previous = none;
    uint32_t first_end = none;     // items that end with this node's last token, through next_end()
    bool scored = false;           // some item below wants probabilities
  };

  TokenTrie() { nodes_.push_back({0, 0, 0}); }

  /// Adds items in order 0, 1, ...; returns how many tokens were not there before. `share` false gives the item a path of its
  /// own.
  uint32_t add(std::span<const int32_t> tokens, bool scored, bool share);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<int32_t>& tokens() const { return tokens_; }
  uint32_t next_end(uint32_t item) const { return next_end_[item]; }

 private:
  uint32_t append(uint32_t parent, std::span<const int32_t> tokens, bool share);
  uint32_t split(uint32_t node, uint32_t length);  // -> the new upper part

  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;
  std::vector<uint32_t> next_end_;
  std::unordered_map<uint64_t, uint32_t> child_;  // (node, first token) -> child
};

}  // namespace sextant::engine
