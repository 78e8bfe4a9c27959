// What a device must be able to do, and the only thing the scheduler knows about one: run a packed batch of tokens through the
// model, keeping keys and values in pages, and look at the vocabulary for some rows, or give their states. `cpu` and `cuda`
// implement it. An encoder is a device, too: it keeps no pages and knows no vocabulary, and takes whole texts.
//
// A page holds the keys and values of 32 consecutive positions of one path, for all layers. Full pages are shared between
// paths; where a path leaves another inside a page, the scheduler asks for a copy of that page, or, for tokens that are
// computed in this very batch, for a second store.
#pragma once
#include <cstdint>
#include <functional>
#include <vector>
#include "draw.hpp"

namespace sextant::engine {

inline constexpr uint32_t page_tokens = 32;
inline constexpr uint32_t pages_for(uint64_t tokens) { return static_cast<uint32_t>((tokens + page_tokens - 1) / page_tokens); }

/// Consecutive tokens of one path. They see the path's earlier tokens through its page table, and each other causally; for an
/// encoder they are a whole text, and all of them see each other.
struct Run {
  uint32_t first_row, rows;
  uint32_t position;    // of the first row
  uint32_t first_page;  // into Batch::pages; the table covers positions 0 .. position + rows - 1
  uint32_t rope_length; // what the rows' angles are computed for (rope.hpp), the same all along a path
};
struct PageCopy { uint32_t from, to; };
struct ExtraStore { uint32_t row, page, offset; };  // this row's keys and values go to a second place, too

/// A row whose next token matters. Its logits exist only in chunks, unless `logits` asks for all of them.
struct HeadRow {
  uint32_t row;
  uint32_t first_target, target_count;  // into Batch::targets
  bool forbid_end;                      // the ids that end a generation cannot be the best one
  float* logits;                        // [vocab], written if not null: for sampling, at most batch_size rows at once
  Draw draw{};                          // for a device that draws: what HeadResult::best shall be, if temperature > 0
  uint32_t first_adjustment = 0, adjustment_count = 0;  // into Batch::adjustments; a row that has some has no targets
  bool margin = false, moments = false;  // wanted of HeadResult; of a device that cannot, never
};

struct Batch {
  std::vector<int32_t> tokens;     // [rows]
  std::vector<uint32_t> positions; // [rows]
  std::vector<Run> runs;           // cover the rows in order
  std::vector<uint32_t> pages;     // the runs' page tables
  std::vector<PageCopy> copies;    // done first, in this order
  std::vector<ExtraStore> stores;  // sorted by row
  std::vector<HeadRow> head;       // sorted by row
  std::vector<int32_t> targets;    // token ids whose logits are wanted
  std::vector<uint32_t> states;    // rows whose state is wanted, ascending
  std::vector<Adjustment> adjustments;  // of a row: by id, each once; of all that is looked at, `logits` included

  uint32_t rows() const { return static_cast<uint32_t>(tokens.size()); }
  void clear() {
    tokens.clear();
    positions.clear();
    runs.clear();
    pages.clear();
    copies.clear();
    stores.clear();
    head.clear();
    targets.clear();
    states.clear();
    adjustments.clear();
  }
};

struct HeadResult {
  double log_sum_exp;
  int32_t best;  // the id with the highest logit, the lowest such id; or the one drawn (sampler.hpp's sample())
  // where the row wants them
  float margin = 0;              // the highest logit less the second highest
  float mean = 0, variance = 0;  // of ln p over the vocabulary, weighted by p
};
struct Outputs {
  std::vector<HeadResult> head;        // [Batch::head]
  std::vector<float> target_logits;    // [Batch::targets]
  std::vector<float> states;           // [Batch::states][DeviceLimits::hidden], after the last norm
};

struct DeviceLimits {
  uint32_t rows_max;   // of a batch
  uint32_t pages;      // of the pool
  uint32_t context;    // positions 0 .. context - 1
  uint32_t vocab;
  bool draws = false;  // the device draws tokens itself; else it gives logits
  uint32_t hidden = 0; // numbers of a state; 0: the device gives no states
  bool encodes = false;  // an encoder: every run is a whole text and has no pages; rows_max is at least the context
  uint32_t step_rows = 0;  // a batch takes as long as its rows and about so many more: decides which drafts pay; 0: none
};

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceLimits limits() const = 0;
  /// Runs one batch. `cancelled` is asked every few milliseconds; once it says true, the batch is given up and run() returns
  /// false. Every result's bits depend on the row's own path only. Throws on a failing device.
  virtual bool run(const Batch& batch, const std::function<bool()>& cancelled, Outputs& ret_outputs) = 0;
};

}  // namespace sextant::engine
