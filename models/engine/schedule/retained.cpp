#include "retained.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

uint32_t equal_tokens(std::span<const int32_t> a, std::span<const int32_t> b) {
  return static_cast<uint32_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

// The page_tokens tokens of a path from `first` on, or what there is of them.
std::span<const int32_t> page_of(std::span<const int32_t> path, size_t first) {
  return path.subspan(first, std::min<size_t>(page_tokens, path.size() - first));
}

}  // namespace

RetainedPages::Key::Key(uint64_t parent, std::span<const int32_t> page)
    : parent(parent), count(static_cast<uint32_t>(page.size())) {
  std::copy(page.begin(), page.end(), tokens.begin());
}

// Siblings in the order of their tokens: the neighbours of a place have the longest beginnings in common with it, and a page
// comes directly before the first one that it is the beginning of.
std::strong_ordering RetainedPages::Key::operator<=>(const Key& other) const {
  if (parent != other.parent) return parent <=> other.parent;
  const auto a = span(), b = other.span();
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

RetainedPages::RetainedPages(uint32_t pages) : pages_(pages), pool_(0) { clear(); }

void RetainedPages::clear() {
  tree_.clear();
  leaves_.clear();
  nodes_.assign(pages_, {});
  pool_ = PagePool(pages_, [this](uint32_t pages) { return reclaim(pages); });
}

// Of a call, what is visited first ranks highest: the next turns come in the same order, so what is evicted last is used first.
uint64_t RetainedPages::next_rank(bool used) {
  constexpr uint64_t orders = uint64_t{1} << 31;
  return call_ << 32 | (used ? orders : 0) | (orders - 1 - std::min(order_++, orders - 1));
}

void RetainedPages::raise(uint32_t page, uint64_t rank) {
  Node& node = nodes_[page];
  if (rank <= node.rank) return;
  if (node.children == 0) {
    leaves_.erase({node.rank, page});
    leaves_.insert({rank, page});
  }
  node.rank = rank;
}

void RetainedPages::forget(uint32_t page) {
  const Node node = nodes_[page];
  leaves_.erase({node.rank, page});
  tree_.erase(node.at);
  nodes_[page] = {};
  if (node.parent != none && --nodes_[node.parent].children == 0) leaves_.insert({nodes_[node.parent].rank, node.parent});
  pool_.release(page);
}

bool RetainedPages::reclaim(uint32_t pages) {
  uint32_t idle = 0;  // pages that nobody else holds
  for (auto at = tree_.begin(); at != tree_.end() && idle < pages; ++at) idle += pool_.holders(at->second) == 1;
  if (idle < pages) return false;
  for (const uint32_t enough = pool_.available() + pages; pool_.available() < enough;) forget(leaves_.begin()->second);
  return true;
}

// The page with the key's parent that calls before this one left and that has most tokens in common with the key.
uint32_t RetainedPages::nearest(const Key& key, bool turns_only, uint32_t& ret_equal) const {
  uint32_t best = none;
  ret_equal = 0;
  const auto consider = [&](Tree::const_iterator at) {  // returns true where there is no need to go on
    if (at->first.parent != key.parent) return true;
    if (nodes_[at->second].since == call_ || (turns_only && !nodes_[at->second].turn)) return false;
    const uint32_t equal = equal_tokens(at->first.span(), key.span());
    if (equal > ret_equal) ret_equal = equal, best = at->second;
    return true;
  };
  const auto middle = tree_.lower_bound(key);
  for (auto at = middle; at != tree_.end(); ++at)
    if (consider(at)) break;
  for (auto at = middle; at != tree_.begin();)
    if (consider(--at)) break;
  return best;
}

RetainedPages::Match RetainedPages::find(uint32_t rope_length, std::span<const int32_t> path, bool turns_only) const {
  Match match;
  uint64_t parent = root(rope_length);
  while (match.tokens < path.size()) {
    uint32_t equal;
    const uint32_t page = nearest(Key(parent, page_of(path, match.tokens)), turns_only, equal);
    if (page == none) break;
    match.turns = match.turns && nodes_[page].turn;
    match.pages.push_back(page);
    match.tokens += equal;
    if (equal < page_tokens) break;
    parent = page;
  }
  return match;
}

uint32_t RetainedPages::of_turns(uint32_t rope_length, std::span<const int32_t> path, const Match& match, uint32_t tokens) const {
  return match.turns ? tokens : std::min(tokens, find(rope_length, path, true).tokens);
}

void RetainedPages::begin(const Job& job, const Share& share) {
  if (running_) clear();
  running_ = true;
  ++call_;
  order_ = 0;
  continued_.clear();
  if (tree_.empty()) return;
  const auto& nodes = job.trie.nodes();
  const auto& tokens = job.trie.tokens();
  std::vector<uint32_t> open;
  std::vector<int32_t> path;
  const auto open_children = [&](uint32_t node) {
    for (uint32_t child = nodes[node].last_child; child != TokenTrie::none; child = nodes[child].previous)
      if (share.nodes[child]) open.push_back(child);
  };
  open_children(0);
  while (!open.empty()) {
    const uint32_t n = open.back();
    open.pop_back();
    const auto& node = nodes[n];
    path.resize(node.position);
    path.insert(path.end(), tokens.begin() + node.first_token, tokens.begin() + node.first_token + node.length);
    const Match match = find(node.rope_length, path);
    const uint64_t rank = next_rank(false);
    for (const uint32_t page : match.pages) raise(page, rank);
    if (match.tokens == path.size()) open_children(n);
  }
}

void RetainedPages::end() {
  running_ = false;
  for (uint32_t page : continued_)
    while (page != none && nodes_[page].continued && nodes_[page].children == 0) {
      const uint32_t parent = nodes_[page].parent;
      forget(page);
      page = parent;
    }
  for (const uint32_t page : continued_) nodes_[page].continued = false;
}

void RetainedPages::mark_continued(uint32_t page) {
  if (nodes_[page].beginning) return;
  if (!nodes_[page].continued) continued_.push_back(page);
  nodes_[page].continued = true;
}

void RetainedPages::use(const Match& match, uint32_t tokens) {
  const uint64_t rank = next_rank(true);
  uint32_t end = 0;
  for (const uint32_t page : match.pages) {
    if (end >= tokens) break;
    Node& node = nodes_[page];
    end += node.at->first.count;
    raise(page, rank);
    if (end <= tokens) mark_continued(page);
  }
}

void RetainedPages::keep_beginning(uint32_t rope_length, std::span<const int32_t> path, std::span<const uint32_t> pages) {
  const auto whole = pages.first(path.size() / page_tokens);
  for (const uint32_t page : whole) pool_.hold(page);
  add(rope_length, path, whole, &Node::beginning);
}

void RetainedPages::add(uint32_t rope_length, std::span<const int32_t> path, std::span<const uint32_t> pages,
                        bool Node::*left_by) {
  const uint64_t rank = next_rank(true);
  uint32_t parent = none;
  for (size_t i = 0; i < pages.size(); ++i) {
    const Key key(parent == none ? root(rope_length) : parent, page_of(path, i * page_tokens));
    auto at = tree_.lower_bound(key);
    if (at != tree_.end() && at->first.parent == key.parent && equal_tokens(at->first.span(), key.span()) == key.count) {
      pool_.release(pages[i]);  // these tokens are there
    } else {
      if (at != tree_.begin()) {
        const auto before = std::prev(at);  // the beginning of this page? Others may be about to find it, in this call
        if (before->first.parent == key.parent && equal_tokens(before->first.span(), key.span()) == before->first.count)
          mark_continued(before->second);
      }
      at = tree_.emplace_hint(at, key, pages[i]);
      nodes_[pages[i]] = {at, parent, 0, call_, rank};
      leaves_.insert({rank, pages[i]});
      if (parent != none && nodes_[parent].children++ == 0) leaves_.erase({nodes_[parent].rank, parent});
    }
    Node& node = nodes_[at->second];
    raise(at->second, rank);
    node.continued = false;
    node.*left_by = true;
    parent = at->second;
  }
}

}  // namespace sextant::engine
