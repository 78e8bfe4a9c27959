// All items of a call as one radix tree of tokens: what is written once is computed once. Items share a path only if their
// positions rotate alike (rope.hpp). Memory grows with the distinct tokens.
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
    uint32_t rope_length = 0;      // of all items below; the root's means nothing
    uint32_t parent = none, first_child = none, last_child = none, next = none, previous = none;
    uint32_t first_end = none;     // items that end with this node's last token, through next_end()
  };

  TokenTrie() { nodes_.push_back({0, 0, 0}); }

  /// Adds items in order 0, 1, ... `share` false gives the item a path of its own.
  void add(std::span<const int32_t> tokens, uint32_t rope_length, bool share);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<int32_t>& tokens() const { return tokens_; }
  /// All tokens from the root to the end of a node.
  std::vector<int32_t> path(uint32_t node) const;
  uint32_t next_end(uint32_t item) const { return next_end_[item]; }

 private:
  // The child of a node that begins with a token; below the root, the child of that rope_length.
  std::unordered_map<uint64_t, uint32_t>& children_of(uint32_t node) { return node == 0 ? first_ : child_; }
  static uint64_t key(uint32_t node, uint32_t rope_length, int32_t token) {
    return static_cast<uint64_t>(node == 0 ? rope_length : node) << 32 | static_cast<uint32_t>(token);
  }
  uint32_t append(uint32_t parent, std::span<const int32_t> tokens, uint32_t rope_length, bool share);
  uint32_t split(uint32_t node, uint32_t length);  // -> the new upper part

  std::vector<Node> nodes_;
  std::vector<int32_t> tokens_;
  std::vector<uint32_t> next_end_;
  std::unordered_map<uint64_t, uint32_t> first_;  // (rope_length, first token) -> child of the root
  std::unordered_map<uint64_t, uint32_t> child_;  // (node, first token) -> child
};

}  // namespace sextant::engine
