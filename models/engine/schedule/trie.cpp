#include "trie.hpp"
#include <algorithm>
#include <stdexcept>

namespace sextant::engine {

uint32_t TokenTrie::append(uint32_t parent, std::span<const int32_t> tokens, uint32_t rope_length, bool share) {
  if (tokens_.size() + tokens.size() >= none) throw std::length_error("more than 4,294,967,294 distinct tokens in one call");
  const auto id = static_cast<uint32_t>(nodes_.size());
  Node node{static_cast<uint32_t>(tokens_.size()), static_cast<uint32_t>(tokens.size()),
            nodes_[parent].position + nodes_[parent].length, rope_length};
  node.parent = parent;
  node.previous = nodes_[parent].last_child;
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  if (node.previous == none) nodes_[parent].first_child = id;
  else nodes_[node.previous].next = id;
  nodes_[parent].last_child = id;
  nodes_.push_back(node);
  if (share) children_of(parent)[key(parent, rope_length, tokens[0])] = id;
  return id;
}

// The upper part is new and the lower one keeps its id, so that whatever ends in it still does.
uint32_t TokenTrie::split(uint32_t node, uint32_t length) {
  const auto id = static_cast<uint32_t>(nodes_.size());
  Node& lower = nodes_[node];
  Node upper = lower;
  upper.length = length;
  upper.first_child = upper.last_child = node;
  upper.first_end = none;
  children_of(lower.parent)[key(lower.parent, lower.rope_length, tokens_[lower.first_token])] = id;
  lower.first_token += length;
  lower.position += length;
  lower.length -= length;
  lower.parent = id;
  lower.next = lower.previous = none;
  child_[key(id, lower.rope_length, tokens_[lower.first_token])] = node;
  if (upper.previous == none) nodes_[upper.parent].first_child = id;
  else nodes_[upper.previous].next = id;
  if (upper.next == none) nodes_[upper.parent].last_child = id;
  else nodes_[upper.next].previous = id;
  nodes_.push_back(upper);
  return id;
}

std::vector<int32_t> TokenTrie::path(uint32_t node) const {
  std::vector<int32_t> path(nodes_[node].position + nodes_[node].length);
  for (uint32_t n = node; n != 0; n = nodes_[n].parent)
    std::copy_n(tokens_.begin() + nodes_[n].first_token, nodes_[n].length, path.begin() + nodes_[n].position);
  return path;
}

void TokenTrie::add(std::span<const int32_t> tokens, uint32_t rope_length, bool share) {
  uint32_t node = 0;
  size_t done = 0;
  while (done < tokens.size()) {
    const auto& children = children_of(node);
    const auto found = share ? children.find(key(node, rope_length, tokens[done])) : children.end();
    if (found == children.end()) {
      node = append(node, tokens.subspan(done), rope_length, share);
      break;
    }
    node = found->second;
    const Node& n = nodes_[node];
    const auto rest = tokens.subspan(done, std::min<size_t>(n.length, tokens.size() - done));
    const auto equal =
        static_cast<uint32_t>(std::mismatch(rest.begin(), rest.end(), tokens_.begin() + n.first_token).first - rest.begin());
    done += equal;
    if (equal < n.length) node = split(node, equal);
  }
  next_end_.push_back(nodes_[node].first_end);
  nodes_[node].first_end = static_cast<uint32_t>(next_end_.size() - 1);
}

}  // namespace sextant::engine
