#include "scheduler.hpp"
#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include "adjustments.hpp"
#include "results.hpp"
#include "sampler.hpp"
#include "sequence.hpp"
#include "visitor.hpp"
#include "workers.hpp"

namespace sextant::engine {
namespace {

constexpr int32_t no_token = -2;  // the logits are NaN

// A generation at work.
struct Live {
  uint32_t item, node;       // the node that its prompt ends with
  std::vector<uint32_t> pages;
  uint32_t reserved;
  bool own_tail = false;     // the prompt's last page has been copied, or was full
  uint32_t generated = 0;
  int32_t token = -1;        // the last one
  std::optional<Sequence> sequence;  // nothing when planning
  uint32_t head = 0;         // its row of the batch's outputs
  std::optional<Adjustments> adjustments = std::nullopt;  // where its settings change logits
};

// The loop that `plan` and `run` share. Without a device, no token is computed and every generation uses all its room.
class Loop {
 public:
  Loop(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options,
       const Tokenizer* tokenizer, PagePool& pool, RetainedPages* retained)
      : job_(job),
        share_(share),
        limits_(limits),
        options_(options),
        tokenizer_(tokenizer),
        pool_(pool),
        retained_(retained),
        visitor_(job, share, pool, retained, options.seed),
        random_(options.seed + 1),
        first_token_(job.items.size(), -1),
        batch_size_(std::clamp(options.batch_size, 1u, limits.rows_max)) {}

  bool go(Device* device, const Hooks& hooks, Results* results);
  Cost cost() const { return {rows_, head_rows_, batches_, pool_.peak()}; }

 private:
  void build();
  void add_row(Live& live);
  void adjust(HeadRow& row, const Adjustments& adjustments);
  void adjust_first_tokens();
  float* logits_row(const sxt_sampling& sampling);
  void apply(const Outputs& outputs, Results* results);
  bool accept(Live& live, int32_t token, Results* results);
  void release(Live& live);
  void keep(const Live& live);

  const Job& job_;
  const Share& share_;
  const DeviceLimits limits_;
  const ScheduleOptions options_;
  const Tokenizer* tokenizer_;
  PagePool& pool_;
  RetainedPages* const retained_;
  Visitor visitor_;
  std::mt19937_64 random_;
  std::vector<int32_t> first_token_;  // [items]
  std::unordered_map<uint32_t, Adjustments> first_adjustments_;  // of items whose first token is picked and that have not begun
  const uint32_t batch_size_;
  std::vector<Live> live_;
  std::vector<uint32_t> tails_;       // pages that are copied in this batch
  Batch batch_;
  Filled filled_;
  std::vector<std::vector<float>> logits_;  // rows that are sampled from
  size_t logits_used_ = 0;
  uint64_t rows_ = 0, head_rows_ = 0, batches_ = 0, generated_ = 0;
};

float* Loop::logits_row(const sxt_sampling& sampling) {
  if (!tokenizer_ || limits_.draws || !(sampling.temperature > 0)) return nullptr;
  if (logits_used_ == logits_.size()) logits_.emplace_back(limits_.vocab);
  return logits_[logits_used_++].data();
}

void Loop::add_row(Live& live) {
  const JobItem& item = job_.items[live.item];
  const uint32_t position = item.tokens + live.generated - 1, index = position / page_tokens;
  if (!live.own_tail) {
    live.own_tail = true;
    if (position % page_tokens != 0) {
      const uint32_t copy = pool_.take_reserved();
      --live.reserved;
      batch_.copies.push_back({live.pages[index], copy});
      tails_.push_back(live.pages[index]);
      live.pages[index] = copy;
    }
  }
  if (index == live.pages.size()) {
    live.pages.push_back(pool_.take_reserved());
    --live.reserved;
  }
  batch_.runs.push_back({batch_.rows(), 1, position, static_cast<uint32_t>(batch_.pages.size()), item.rope_length});
  batch_.pages.insert(batch_.pages.end(), live.pages.begin(), live.pages.end());
  live.head = static_cast<uint32_t>(batch_.head.size());
  const sxt_sampling& sampling = *job_.requests[item.request]->sampling;
  batch_.head.push_back({batch_.rows(), 0, 0, live.generated < sampling.min_new_tokens, logits_row(sampling)});
  if (limits_.draws) batch_.head.back().draw = draw_at(sampling, live.generated);
  if (live.adjustments) adjust(batch_.head.back(), *live.adjustments);
  batch_.tokens.push_back(live.token);
  batch_.positions.push_back(position);
}

void Loop::adjust(HeadRow& row, const Adjustments& adjustments) {
  row.first_adjustment = static_cast<uint32_t>(batch_.adjustments.size());
  adjustments.append_to(batch_.adjustments);
  row.adjustment_count = static_cast<uint32_t>(batch_.adjustments.size()) - row.first_adjustment;
}

void Loop::adjust_first_tokens() {
  if (!tokenizer_) return;  // a plan computes no token
  for (const auto& p : filled_.picks) {
    const sxt_sampling& sampling = *job_.requests[job_.items[p.item].request]->sampling;
    if (!Adjustments::wanted(sampling)) continue;
    const auto it = first_adjustments_.try_emplace(p.item, sampling, job_.trie.path(p.node), limits_.vocab).first;
    adjust(batch_.head[p.head], it->second);
  }
}

void Loop::build() {
  batch_.clear();
  filled_.clear();
  logits_used_ = 0;
  for (Live& live : live_) add_row(live);
  uint32_t rows_max = limits_.rows_max;
  const auto decoding = static_cast<uint32_t>(live_.size());
  if (options_.seed != 0 && decoding < rows_max)
    rows_max = decoding + 1 + static_cast<uint32_t>(random_() % (random_() % 2 ? 37 : rows_max - decoding));
  rows_max = std::min(rows_max, limits_.rows_max);
  visitor_.fill(batch_, rows_max, batch_size_ - decoding,
                [&](uint32_t item) { return logits_row(*job_.requests[job_.items[item].request]->sampling); }, filled_);
  if (limits_.draws)
    for (const auto& p : filled_.picks)
      batch_.head[p.head].draw = draw_at(*job_.requests[job_.items[p.item].request]->sampling, 0);
  adjust_first_tokens();
}

void Loop::release(Live& live) {
  const bool next_turn = job_.requests[job_.items[live.item].request]->flags & SXT_REQUEST_KEEP;
  if (next_turn && retained_ && live.token != no_token) keep(live);
  else
    for (const uint32_t page : live.pages) pool_.release(page);
  pool_.unreserve(live.reserved);
}

// Nothing has been computed for the last token.
void Loop::keep(const Live& live) {
  std::vector<int32_t> path = job_.trie.path(live.node);
  const auto& ids = live.sequence->ids();
  path.insert(path.end(), ids.begin(), ids.begin() + live.generated - 1);
  retained_->keep(job_.items[live.item].rope_length, path, live.pages);
}

// Returns true when the generation is over and delivered.
bool Loop::accept(Live& live, int32_t token, Results* results) {
  live.token = token;
  ++live.generated;
  const uint32_t room = job_.items[live.item].new_tokens;
  if (!live.sequence) return live.generated == room;
  if (token == no_token) {
    results->failed(live.item);
    return true;
  }
  if (!live.sequence->accept(token)) {
    if (live.adjustments) live.adjustments->add(token);
    return false;
  }
  results->generated(live.item, *live.sequence);
  return true;
}

void Loop::apply(const Outputs& outputs, Results* results) {
  if (results) {
    for (const auto& r : filled_.reused) results->reused(share_, r.node, r.tokens);
    results->learn(batch_, filled_.target_tokens, outputs);
    const auto pick = [&](uint32_t head, uint32_t item, uint32_t position) {
      if (!std::isfinite(outputs.head[head].log_sum_exp)) return no_token;
      if (limits_.draws) return outputs.head[head].best;
      const std::span<const float> logits(batch_.head[head].logits, batch_.head[head].logits ? limits_.vocab : 0);
      return next_token(*job_.requests[job_.items[item].request]->sampling, outputs.head[head].best, logits,
                        tokenizer_->end_of_generation(), position);
    };
    for (const auto& p : filled_.picks) first_token_[p.item] = pick(p.head, p.item, 0);
    for (Live& live : live_) live.token = pick(live.head, live.item, live.generated);
  }
  const auto over = [&](Live& live) {
    if (!accept(live, live.token, results)) return false;
    generated_ += job_.items[live.item].new_tokens;
    release(live);
    return true;
  };
  std::erase_if(live_, over);
  for (Started& started : filled_.started) {
    const JobItem& item = job_.items[started.item];
    Live live{started.item, started.node, std::move(started.pages), started.reserved, false, 0,
              first_token_[started.item], std::nullopt, 0};
    if (results) live.sequence.emplace(*job_.requests[item.request]->sampling, *tokenizer_, item.new_tokens);
    if (auto adjusted = first_adjustments_.extract(started.item)) live.adjustments = std::move(adjusted.mapped());
    if (!over(live)) live_.push_back(std::move(live));
  }
  for (const uint32_t node : filled_.nodes)
    if (results) results->node_done(share_, node);
}

bool Loop::go(Device* device, const Hooks& hooks, Results* results) {
  Outputs outputs;
  const uint64_t total = share_.computed_tokens + share_.new_tokens;
  uint64_t prompt_rows = 0, reported = 0;
  const auto report = [&](uint64_t done) {  // once each: whoever adds calls up takes the total for the end of one
    if (done != std::exchange(reported, done)) hooks.progress(done, total);
  };
  bool compacted = false;
  while (!visitor_.finished() || !live_.empty()) {
    if (hooks.cancelled()) return false;
    const auto decoding = static_cast<uint32_t>(live_.size());
    build();
    if (batch_.rows() == 0 && filled_.empty()) {
      // nothing is alive but the path itself: it can always go on once it holds no page twice
      if (compacted) throw std::logic_error("the scheduler cannot go on: no page is free and nothing is being computed");
      visitor_.batch_done();
      visitor_.compact();
      compacted = true;
      continue;
    }
    compacted = false;
    if (device && batch_.rows() > 0 && !device->run(batch_, hooks.cancelled, outputs)) return false;
    rows_ += batch_.rows();
    head_rows_ += batch_.head.size();
    ++batches_;
    apply(outputs, results);
    for (const uint32_t page : tails_) pool_.release(page);
    tails_.clear();
    visitor_.batch_done();
    prompt_rows += batch_.rows() - decoding;
    for (const auto& r : filled_.reused) prompt_rows += r.tokens;
    report(std::min(total, prompt_rows + generated_));
  }
  report(total);
  return true;
}

}  // namespace

Cost plan(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options) {
  PagePool pool(limits.pages);
  Loop loop(job, share, limits, options, nullptr, pool, nullptr);
  loop.go(nullptr, {}, nullptr);
  return loop.cost();
}

bool run(const Job& job, std::span<Device* const> devices, const Tokenizer& tokenizer, const ScheduleOptions& options,
         const Hooks& hooks, const sxt_result_sink& sink, std::span<const std::unique_ptr<RetainedPages>> retained) {
  assert(devices.size() == job.shares.size() && (retained.empty() || retained.size() == devices.size()));
  Results results(job, sink);
  results.deliver_empty();
  std::atomic<bool> failed = false, cancelled = false;
  std::mutex mutex;
  std::vector<uint64_t> done(devices.size());
  on_workers(static_cast<uint32_t>(devices.size()), failed, [&](uint32_t worker) {
    const Hooks own{[&] { return failed || hooks.cancelled(); },
                    [&, worker](uint64_t tokens, uint64_t) {
                      const std::lock_guard lock(mutex);
                      done[worker] = tokens;
                      hooks.progress(std::accumulate(done.begin(), done.end(), uint64_t{0}),
                                     job.computed_tokens + job.new_tokens);
                    }};
    const Share& share = job.shares[worker];
    const DeviceLimits limits = devices[worker]->limits();
    RetainedPages* const kept = retained.empty() ? nullptr : retained[worker].get();
    PagePool pool(kept ? 0 : limits.pages);
    if (kept) kept->begin(job, share);
    Loop loop(job, share, limits, options, &tokenizer, kept ? kept->pool() : pool, kept);
    if (!loop.go(devices[worker], own, &results)) cancelled = true;
    else if (kept) kept->end();
  });
  return !cancelled;
}

}  // namespace sextant::engine
