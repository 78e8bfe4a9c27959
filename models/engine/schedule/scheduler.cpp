// Batches, one after the other: what goes into each, and what is done with what comes out.
#include "scheduler.hpp"
#include <algorithm>
#include <atomic>
#include <cassert>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <utility>
#include "loop.hpp"
#include "sampler.hpp"
#include "workers.hpp"

namespace sextant::engine {

Loop::Loop(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options,
           const Tokenizer* tokenizer, PagePool& pool, RetainedPages* retained, Speculation* speculation)
    : job_(job),
      share_(share),
      limits_(limits),
      options_(options),
      tokenizer_(tokenizer),
      pool_(pool),
      retained_(retained),
      speculation_(limits.step_rows > 0 ? speculation : nullptr),
      visitor_(job, share, pool, retained, options.seed),
      random_(options.seed + 1),
      first_token_(job.items.size(), -1),
      batch_size_(std::clamp(options.batch_size, 1u, limits.rows_max)) {}

void Loop::adjust_first_tokens() {
  if (!tokenizer_) return;  // a plan computes no token
  for (const auto& p : filled_.picks) {
    const sxt_sampling& sampling = sampling_of(p.item);
    if (!Adjustments::wanted(sampling)) continue;
    const auto it = first_adjustments_.try_emplace(p.item, sampling, job_.trie.path(p.node), limits_.vocab).first;
    adjust(batch_.head[p.head], it->second);
  }
}

void Loop::build() {
  batch_.clear();
  filled_.clear();
  logits_used_ = 0;
  const auto decoding = static_cast<uint32_t>(live_.size());
  draft_rows_left_ = limits_.rows_max - decoding;
  draft_logits_left_ = std::max(Speculation::draft_most, batch_size_ - decoding);
  for (Live& live : live_) add_rows(live);
  decode_rows_ = batch_.rows();
  uint32_t rows_max = limits_.rows_max;
  if (const uint32_t rows = decode_rows_; options_.seed != 0 && rows < rows_max)
    rows_max = rows + 1 + static_cast<uint32_t>(random_() % (random_() % 2 ? 37 : rows_max - rows));
  rows_max = std::min(rows_max, limits_.rows_max);
  visitor_.fill(
      batch_, rows_max, batch_size_ - decoding, [&](uint32_t item) { return logits_row(sampling_of(item)); }, filled_);
  if (limits_.draws)
    for (const auto& p : filled_.picks) batch_.head[p.head].draw = draw_at(sampling_of(p.item), 0);
  adjust_first_tokens();
}

void Loop::apply(const Outputs& outputs, Results* results) {
  if (results) {
    for (const auto& r : filled_.reused) results->reused(share_, r.node, r.of_turns);
    results->learn(batch_, filled_.target_tokens, outputs);
    for (const auto& p : filled_.picks) {
      first_token_[p.item] = pick(outputs, p.head, p.item, 0);
      if (const auto margin = margin_of(outputs, p.head)) first_margin_[p.item] = *margin;
    }
  }
  std::erase_if(live_, [&](Live& live) { return advance(live, outputs, results); });
  for (Started& started : filled_.started) begin(started, results);
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
    prompt_rows += batch_.rows() - decode_rows_;
    for (const auto& r : filled_.reused) prompt_rows += r.tokens;
    report(std::min(total, prompt_rows + generated_));
  }
  report(total);
  return true;
}

Cost plan(const Job& job, const Share& share, const DeviceLimits& limits, const ScheduleOptions& options) {
  PagePool pool(limits.pages);
  Loop loop(job, share, limits, options, nullptr, pool, nullptr, nullptr);
  loop.go(nullptr, {}, nullptr);
  return loop.cost();
}

bool run(const Job& job, std::span<Device* const> devices, const Tokenizer& tokenizer, const ScheduleOptions& options,
         const Hooks& hooks, const sxt_result_sink& sink, std::span<const std::unique_ptr<RetainedPages>> retained,
         std::span<const std::unique_ptr<Speculation>> speculation) {
  assert(devices.size() == job.shares.size() && (retained.empty() || retained.size() == devices.size()));
  assert(speculation.empty() || speculation.size() == devices.size());
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
    Loop loop(job, share, limits, options, &tokenizer, kept ? kept->pool() : pool, kept,
              speculation.empty() ? nullptr : speculation[worker].get());
    if (!loop.go(devices[worker], own, &results)) cancelled = true;
    else if (kept) kept->end();
  });
  return !cancelled;
}

}  // namespace sextant::engine
