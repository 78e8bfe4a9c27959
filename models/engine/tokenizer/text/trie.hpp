// A trie over bytes, built once: which of many strings begin at a place. Threads: const members are [any].
#pragma once
#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant::engine {

class Trie {
 public:
  Trie() = default;
  /// Of strings that stand twice the last one counts; an empty one is never found.
  explicit Trie(std::vector<std::pair<std::string_view, int32_t>> strings) {
    std::stable_sort(strings.begin(), strings.end(), [](auto& a, auto& b) { return a.first < b.first; });
    nodes_.push_back({});
    // breadth first, so that a node's children lie side by side
    struct Range {
      size_t from, to, depth, node;
    };
    std::vector<Range> level{{0, strings.size(), 0, 0}}, next;
    while (!level.empty()) {
      next.clear();
      for (const Range& range : level) {
        size_t from = range.from;
        for (; from < range.to && strings[from].first.size() == range.depth; ++from)
          nodes_[range.node].value = strings[from].second;
        nodes_[range.node].children = static_cast<uint32_t>(nodes_.size());
        while (from < range.to) {
          const auto byte = static_cast<uint8_t>(strings[from].first[range.depth]);
          size_t to = from;
          while (to < range.to && static_cast<uint8_t>(strings[to].first[range.depth]) == byte) ++to;
          next.push_back({from, to, range.depth + 1, nodes_.size()});
          nodes_.push_back({0, 0, byte, none});
          ++nodes_[range.node].count;
          from = to;
        }
      }
      level.swap(next);
    }
    nodes_[0].value = none;
    for (uint32_t i = 0; i < nodes_[0].count; ++i) first_[nodes_[nodes_[0].children + i].byte] = nodes_[0].children + i;
  }

  static constexpr int32_t none = -1;
  bool empty() const { return nodes_.size() < 2; }
  /// Whether any string begins with that byte.
  bool begins(char byte) const { return first_[static_cast<uint8_t>(byte)] != 0; }

  /// Calls visit(size, value) for each string that `text` begins with, the shortest first.
  template <class Visit> void for_each_prefix(std::string_view text, Visit visit) const {
    if (text.empty()) return;
    uint32_t node = first_[static_cast<uint8_t>(text[0])];
    for (size_t size = 1; node != 0; ++size) {
      if (nodes_[node].value != none) visit(size, nodes_[node].value);
      if (size == text.size()) return;
      node = child(nodes_[node], static_cast<uint8_t>(text[size]));
    }
  }

 private:
  struct Node {
    uint32_t children = 0;  // index of the first
    uint16_t count = 0;
    uint8_t byte = 0;
    int32_t value = none;
  };
  uint32_t child(const Node& node, uint8_t byte) const {
    const auto begin = nodes_.begin() + node.children, end = begin + node.count;
    const auto it = std::lower_bound(begin, end, byte, [](const Node& n, uint8_t b) { return n.byte < b; });
    return it != end && it->byte == byte ? static_cast<uint32_t>(it - nodes_.begin()) : 0;
  }
  std::vector<Node> nodes_;
  uint32_t first_[256] = {};  // the root's children; 0: none
};

}  // namespace sextant::engine
