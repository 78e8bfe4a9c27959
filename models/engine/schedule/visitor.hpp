// Walks the trie depth first and turns it into batches: which tokens next, where their keys and values go, which rows are
// looked at. A generation is visited like a child of its prompt: it begins once the pages for all that it may write are
// promised. What earlier calls left of a path (retained.hpp) is taken instead of computed.
#pragma once
#include <cstdint>
#include <random>
#include <vector>
#include "device.hpp"
#include "job.hpp"
#include "pages.hpp"
#include "retained.hpp"

namespace sextant::engine {

/// A generation that has begun: the prompt's pages, held for it.
struct Started {
  uint32_t item, node;          // the node that its prompt ends with
  std::vector<uint32_t> pages;  // of the whole prompt; the last one, if partly filled, is to be copied before it is written
  uint32_t reserved;            // pages promised
};
/// What a batch's outputs mean, and what is done once it has run.
struct Filled {
  std::vector<uint32_t> target_tokens;                  // [Batch::targets] index into the trie's tokens
  struct Pick { uint32_t head, item, node; };       // node: that the item's prompt ends with
  std::vector<Pick> picks;                              // head rows that pick an item's first token
  std::vector<uint32_t> nodes;                          // all of whose probabilities are known then
  std::vector<Started> started;
  struct Reused { uint32_t node, tokens, of_turns; };
  std::vector<Reused> reused;                           // tokens that need not be computed after all; those that count so

  void clear() { target_tokens.clear(); picks.clear(); nodes.clear(); started.clear(); reused.clear(); }
  bool empty() const { return nodes.empty() && started.empty() && reused.empty(); }
};

class Visitor {
 public:
  /// `share`: one of the job's; nothing else is visited. `seed` 0 visits in the requests' order; any other value shuffles every
  /// choice. `retained` may be null; else `pool` is its pool.
  Visitor(const Job& job, const Share& share, PagePool& pool, RetainedPages* retained, uint64_t seed);

  /// Appends to `batch` until it has rows_max rows, pages run out, or `sequences` generations have begun. `logits_row(item)`
  /// gives the place for an item's logits, or null.
  void fill(Batch& batch, uint32_t rows_max, uint32_t sequences, const std::function<float*(uint32_t item)>& logits_row,
            Filled& ret);
  /// After the batch has run: gives back what it alone still used.
  void batch_done();
  /// Where nothing else is alive and no page is left: lets go of the pages that only copies of a path's own tokens need.
  void compact();
  bool finished() const { return stack_.empty(); }

 private:
  struct Frame {
    uint32_t node;
    uint32_t rows, placed = 0;            // tokens whose state is needed; those put into a batch or taken from what is retained
    bool retained = false;                // all tokens of the path were retained when they were looked for
    std::vector<uint32_t> children, generating;
    size_t next_child = 0, next_generating = 0;
    std::vector<uint32_t> pages;          // of the path up to the last placed token
    uint64_t batch = 0;                   // the batch that its latest rows are in ...
    uint32_t batch_row = 0, batch_position = 0;  // ... from this row and position on
    uint32_t requests = 0;                // that end here or below, as far as it has been visited
  };

  uint32_t rows_of(uint32_t node) const;
  bool generates(uint32_t node) const;
  uint32_t requests_ending(uint32_t node) const;
  bool wanted(uint32_t node, uint32_t k) const;
  bool wants_moments(uint32_t node, uint32_t k) const;
  uint32_t rows_without_logits(const Frame& frame) const;
  bool has_children(uint32_t node) const;
  void push(uint32_t node);
  void pop();
  bool enter(Batch& batch);
  void reuse(Batch& batch, Filled& ret);
  uint32_t place(Batch& batch, uint32_t rows_max);
  void look(Batch& batch, const Frame& frame, uint32_t row, uint32_t k, const std::function<float*(uint32_t)>& logits_row,
            Filled& ret);
  bool start(Frame& frame, uint32_t item, Filled& ret);

  const Job& job_;
  const Share& share_;
  PagePool& pool_;
  RetainedPages* const retained_;
  std::vector<Frame> stack_;
  std::vector<uint32_t> in_flight_;  // pages to release when the batch has run
  uint64_t batch_ = 1;
  bool shuffle_;
  std::mt19937_64 random_;
};

}  // namespace sextant::engine
