// One worker's loop over batches: the visitor's prompts, and the generations at work. `plan` and `run` (scheduler.hpp) share
// it. Without a device, no token is computed and every generation uses all its room.
#pragma once
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>
#include "adjustments.hpp"
#include "results.hpp"
#include "scheduler.hpp"
#include "sequence.hpp"
#include "speculation.hpp"
#include "thinking.hpp"
#include "visitor.hpp"

namespace sextant::engine {

inline constexpr int32_t no_token = -2;  // the logits are NaN

/// A generation at work.
struct Live {
  uint32_t item, node;       // the node that its prompt ends with
  std::vector<uint32_t> pages;
  uint32_t reserved;
  bool own_tail = false;     // the prompt's last page has been copied, or was full
  uint32_t generated = 0;
  int32_t token = -1;        // the last one
  std::optional<Sequence> sequence = std::nullopt;  // nothing when planning
  uint32_t head = 0;         // its first row of the batch's outputs; those of its draft are behind it
  std::optional<Adjustments> adjustments = std::nullopt;  // where its settings change logits
  std::optional<ThinkingBudget> thinking = std::nullopt;  // where its settings bound it
  // where drafts are made
  TokenHistory text{};               // prompt and reply
  Guess guess{};                     // of what comes in this batch
  std::vector<int32_t> draft{};      // tokens that are computed in this batch before it is known whether they are said
  GuessRecord record{};
};

class Loop {
 public:
  /// `retained` and `speculation` may be null; without the second no draft is made.
  Loop(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options,
       const Tokenizer* tokenizer, PagePool& pool, RetainedPages* retained, Speculation* speculation);

  bool go(Device* device, const Hooks& hooks, Results* results);
  Cost cost() const { return {rows_, head_rows_, batches_, pool_.peak()}; }

 private:
  // scheduler.cpp: batches
  void build();
  void adjust_first_tokens();
  void apply(const Outputs& outputs, Results* results);

  // loop.cpp: the generations
  void begin(Started& started, Results* results);
  void draft_for(Live& live);
  void add_rows(Live& live);
  void place(Live& live, uint32_t position);
  void adjust(HeadRow& row, const Adjustments& adjustments);
  float* logits_row(const sxt_sampling& sampling);
  int32_t pick(const Outputs& outputs, uint32_t head, uint32_t item, uint32_t position) const;
  bool advance(Live& live, const Outputs& outputs, Results* results);
  std::optional<float> margin_of(const Outputs& outputs, uint32_t head) const;
  bool accept(Live& live, int32_t token, std::optional<float> margin, Results* results);
  void end(Live& live);
  void keep(const Live& live);
  const sxt_sampling& sampling_of(uint32_t item) const { return *job_.requests[job_.items[item].request]->sampling; }

  const Job& job_;
  const Share& share_;
  const DeviceLimits limits_;
  const ScheduleOptions options_;
  const Tokenizer* tokenizer_;
  PagePool& pool_;
  RetainedPages* const retained_;
  Speculation* const speculation_;
  Visitor visitor_;
  std::mt19937_64 random_;
  std::vector<int32_t> first_token_;  // [items]
  std::unordered_map<uint32_t, float> first_margin_;  // of items whose first token is picked and that have not begun
  std::unordered_map<uint32_t, Adjustments> first_adjustments_;  // of items whose first token is picked and that have not begun
  const uint32_t batch_size_;
  std::vector<Live> live_;
  uint32_t draft_rows_left_ = 0, draft_logits_left_ = 0;  // of this batch
  std::vector<uint32_t> tails_;       // pages that are copied in this batch
  Batch batch_;
  Filled filled_;
  std::vector<std::vector<float>> logits_;  // rows that are sampled from
  size_t logits_used_ = 0;
  uint32_t decode_rows_ = 0;          // of this batch: the generations'
  uint64_t rows_ = 0, head_rows_ = 0, batches_ = 0, generated_ = 0;
};

}  // namespace sextant::engine
