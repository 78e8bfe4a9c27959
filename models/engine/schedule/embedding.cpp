#include "embedding.hpp"
#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include "workers.hpp"

namespace sextant::engine {
namespace {

constexpr std::pair<std::string_view, Pooling> poolings[] = {
    {"mean", Pooling::mean}, {"last", Pooling::last}, {"cls", Pooling::cls}};

// What all workers of a call share: which item comes next, and where vectors go.
class Call {
 public:
  Call(std::span<const EmbeddingItem> items, Pooling pooling, bool normalise, uint64_t seed, const Hooks& hooks,
       const EmbeddingSink& sink)
      : items(items), pooling(pooling), normalise_(normalise), hooks_(hooks), sink_(sink), order_(items.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
    if (seed) std::shuffle(order_.begin(), order_.end(), std::mt19937_64(seed));
    for (const EmbeddingItem& item : items) total_ += item.tokens.size();
  }

  std::optional<uint32_t> next() {
    const uint64_t at = next_.fetch_add(1, std::memory_order_relaxed);
    return at < order_.size() ? std::optional(order_[at]) : std::nullopt;
  }
  void deliver(uint32_t item, const std::vector<double>& sum) {
    const double count = pooling == Pooling::mean ? static_cast<double>(items[item].tokens.size()) : 1;
    double scale = 1 / count;
    if (normalise_) {  // a vector of zeros stays one
      double squares = 0;
      for (const double x : sum) squares += x * x;
      scale = 1 / std::max(std::sqrt(squares), count * 1e-12);
    }
    std::vector<float> vector;
    vector.reserve(sum.size());
    for (const double x : sum) vector.push_back(static_cast<float>(x * scale));
    const std::lock_guard lock(mutex_);
    sink_(item, vector);
  }
  void count(uint32_t rows) {
    const std::lock_guard lock(mutex_);
    hooks_.progress(done_ += rows, total_);
  }

  const std::span<const EmbeddingItem> items;
  const Pooling pooling;

 private:
  const bool normalise_;
  const Hooks& hooks_;
  const EmbeddingSink& sink_;
  std::vector<uint32_t> order_;  // [items]
  std::atomic<uint64_t> next_ = 0;
  std::mutex mutex_;  // what follows, the sink and the progress
  uint64_t done_ = 0, total_ = 0;
};

// One device's batches. A sequence that a batch does not hold goes on in the next one; an encoder's waits for one.
class Packer {
 public:
  Packer(Call& call, Device& device, uint64_t seed)
      : call_(call), device_(device), limits_(device.limits()), seed_(seed), random_(seed), free_(limits_.pages) {
    std::iota(free_.rbegin(), free_.rend(), 0u);  // page 0 first: memory never needed is never touched
  }

  bool run(const std::function<bool()>& cancelled) {
    Outputs outputs;
    while (true) {
      if (cancelled()) return false;
      fill();
      if (batch_.rows() == 0) return true;
      if (!device_.run(batch_, cancelled, outputs)) return false;
      take(outputs.states);
      call_.count(batch_.rows());
    }
  }

 private:
  struct Open {  // a sequence that is not done
    uint32_t item, placed = 0;
    std::vector<uint32_t> pages{};
    std::vector<double> sum{};  // [hidden]
    uint32_t states = 0;        // of the batch, that are its own
  };

  void fill();
  void place(Open& open, uint32_t rows);
  void take(const std::vector<float>& states);
  uint32_t tokens_of(const Open& open) const { return static_cast<uint32_t>(call_.items[open.item].tokens.size()); }

  Call& call_;
  Device& device_;
  const DeviceLimits limits_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<uint32_t> free_;   // pages
  std::vector<Open> open_;       // in the batch's order; between batches, one at most
  std::optional<Open> waiting_;  // has no place in this batch
  Batch batch_;
};

void Packer::fill() {
  batch_.clear();
  const uint32_t rows_max = seed_ ? 1 + static_cast<uint32_t>(random_() % limits_.rows_max) : limits_.rows_max;
  for (Open& open : open_) place(open, std::min(rows_max, tokens_of(open) - open.placed));
  while (batch_.rows() < rows_max) {
    if (!waiting_) {
      const auto item = call_.next();
      if (!item) return;
      waiting_ = Open{*item};
    }
    const uint32_t tokens = tokens_of(*waiting_), room = rows_max - batch_.rows();
    const uint32_t pages = limits_.encodes ? 0 : pages_for(tokens);
    const bool alone = batch_.rows() == 0;  // then it must go in
    if (limits_.encodes && tokens > room && !alone) return;
    if (pages > free_.size()) {
      if (alone) throw std::logic_error("a sequence is longer than the device's pages hold");
      return;
    }
    waiting_->pages.assign(free_.end() - pages, free_.end());
    free_.resize(free_.size() - pages);
    open_.push_back(*std::move(waiting_));
    waiting_.reset();
    place(open_.back(), limits_.encodes ? tokens : std::min(tokens, room));
  }
}

void Packer::place(Open& open, uint32_t rows) {
  const EmbeddingItem& item = call_.items[open.item];
  const uint32_t row = batch_.rows(), end = open.placed + rows;
  batch_.runs.push_back({row, rows, open.placed, static_cast<uint32_t>(batch_.pages.size()), item.rope_length});
  if (!limits_.encodes) batch_.pages.insert(batch_.pages.end(), open.pages.begin(), open.pages.begin() + pages_for(end));
  open.states = 0;
  for (uint32_t position = open.placed; position < end; ++position) {
    batch_.tokens.push_back(item.tokens[position]);
    batch_.positions.push_back(position);
    const bool wanted =
        call_.pooling == Pooling::mean || position == (call_.pooling == Pooling::cls ? 0 : item.tokens.size() - 1);
    if (!wanted) continue;
    batch_.states.push_back(row + position - open.placed);
    ++open.states;
  }
  open.placed = end;
}

void Packer::take(const std::vector<float>& states) {
  const float* state = states.data();
  for (Open& open : open_) {
    open.sum.resize(limits_.hidden);
    for (; open.states > 0; --open.states, state += limits_.hidden)
      for (uint32_t i = 0; i < limits_.hidden; ++i) open.sum[i] += static_cast<double>(state[i]);
    if (open.placed < tokens_of(open)) continue;
    call_.deliver(open.item, open.sum);
    free_.insert(free_.end(), open.pages.begin(), open.pages.end());
  }
  std::erase_if(open_, [&](const Open& open) { return open.placed == tokens_of(open); });
}

}  // namespace

std::optional<Pooling> pooling_named(std::string_view name) {
  for (const auto& [known, pooling] : poolings)
    if (known == name) return pooling;
  return std::nullopt;
}

const char* name_of(Pooling pooling) { return poolings[static_cast<size_t>(pooling)].first.data(); }

bool embed(std::span<const EmbeddingItem> items, Pooling pooling, bool normalise, std::span<Device* const> devices,
           const ScheduleOptions& options, const Hooks& hooks, const EmbeddingSink& sink) {
  Call call(items, pooling, normalise, options.seed, hooks, sink);
  std::atomic<bool> failed = false, cancelled = false;
  on_workers(static_cast<uint32_t>(devices.size()), failed, [&](uint32_t worker) {
    assert(devices[worker]->limits().hidden > 0);
    Packer packer(call, *devices[worker], options.seed ? options.seed + worker : 0);
    if (!packer.run([&] { return failed || hooks.cancelled(); })) cancelled = true;
  });
  return !cancelled;
}

}  // namespace sextant::engine
