// The KV cache pages that conversations, and prompts' beginnings that many requests share, left in a device's memory: found again
// by their tokens, evicted when a call needs pages. They outlive the calls of run (docs/adr/0018-turns-keep-their-pages.md and
// docs/adr/0066-waves-share-beginnings.md).
#pragma once
#include <array>
#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>
#include "device.hpp"
#include "job.hpp"
#include "pages.hpp"

namespace sextant::engine {

/// A tree of pages: a page's children are the pages that followed it in some path. Leaves may be partly filled. Not
/// thread-safe: one device's, used by the worker that has the device.
class RetainedPages {
 public:
  explicit RetainedPages(uint32_t pages);
  RetainedPages(const RetainedPages&) = delete;  // the pool refers to it

  /// The device's pages, those of the running call included.
  PagePool& pool() { return pool_; }

  /// A call begins. Ranks what is retained: paths that the call does not ask for are evicted first, then those that it comes to
  /// last. Where the call before did not end (it was cancelled, or a device failed), everything is forgotten.
  void begin(const Job& job, const Share& share);
  /// The call has ended. Paths that were continued by requests that are not to be continued themselves are forgotten.
  void end();

  /// The longest beginning of a path that calls before this one left.
  struct Match {
    uint32_t tokens = 0;
    std::vector<uint32_t> pages;  // of these tokens, not held for the caller
    bool turns = true;            // conversations left all of them
  };
  Match find(uint32_t rope_length, std::span<const int32_t> path) const { return find(rope_length, path, false); }
  /// How many of the first `tokens` of a match of a path conversations left. The others do not count as reused: what a request
  /// counts would depend on the calls before it.
  uint32_t of_turns(uint32_t rope_length, std::span<const int32_t> path, const Match& match, uint32_t tokens) const;
  /// The first `tokens` tokens of a match are used by this call.
  void use(const Match& match, uint32_t tokens);
  /// Counts for `taken`.
  void count(uint32_t tokens) { taken_ += tokens; }
  /// Retains a conversation from the next call on. Takes over one hold of each page.
  void keep(uint32_t rope_length, std::span<const int32_t> path, std::span<const uint32_t> pages) {
    add(rope_length, path, pages, &Node::turn);
  }
  /// Likewise the whole pages of a beginning that many requests share; holds them itself.
  void keep_beginning(uint32_t rope_length, std::span<const int32_t> path, std::span<const uint32_t> pages);

  uint32_t count() const { return static_cast<uint32_t>(tree_.size()); }
  /// Tokens that were taken instead of computed, in all calls. [any]
  uint64_t taken() const { return taken_; }

 private:
  static constexpr uint32_t none = UINT32_MAX;
  struct Key {
    uint64_t parent;  // a page; of first pages: 2^32 + rope_length
    uint32_t count;
    std::array<int32_t, page_tokens> tokens{};  // the first `count`

    Key(uint64_t parent, std::span<const int32_t> page);
    std::span<const int32_t> span() const { return {tokens.data(), count}; }
    std::strong_ordering operator<=>(const Key& other) const;
  };
  using Tree = std::map<Key, uint32_t>;  // -> page
  struct Node {                          // of a retained page
    Tree::iterator at;
    uint32_t parent = none, children = 0;
    uint64_t since = 0;                  // the call that left it
    uint64_t rank = 0;                   // the lowest is evicted first; no lower than its children's
    bool continued = false;              // by this call, and not kept again: forgotten at its end, if a leaf
    bool turn = false, beginning = false;  // who left it; what is a beginning is only ever evicted
  };

  static uint64_t root(uint32_t rope_length) { return (uint64_t{1} << 32) + rope_length; }
  uint32_t nearest(const Key& key, bool turns_only, uint32_t& ret_equal) const;
  Match find(uint32_t rope_length, std::span<const int32_t> path, bool turns_only) const;
  void add(uint32_t rope_length, std::span<const int32_t> path, std::span<const uint32_t> pages, bool Node::*left_by);
  uint64_t next_rank(bool used);
  void raise(uint32_t page, uint64_t rank);
  void mark_continued(uint32_t page);
  void forget(uint32_t page);
  bool reclaim(uint32_t pages);
  void clear();

  const uint32_t pages_;
  PagePool pool_;
  Tree tree_;
  std::vector<Node> nodes_;                                // [pages]
  std::set<std::pair<uint64_t, uint32_t>> leaves_;         // (rank, page)
  std::vector<uint32_t> continued_;                        // pages that were marked so in this call
  uint64_t call_ = 0, order_ = 0;
  std::atomic<uint64_t> taken_ = 0;
  bool running_ = false;
};

}  // namespace sextant::engine
