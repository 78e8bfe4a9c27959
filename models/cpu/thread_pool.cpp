#include "thread_pool.hpp"
#include <system_error>
#include <utility>
#include <fmt/format.h>
#include <sextant/sdk.hpp>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sextant::cpu {
namespace {

constexpr uint32_t spins = 4000;   // pauses, about 50 us: longer than the gap between two loops of a layer
constexpr uint32_t yields = 200;   // then, where others want the core, let them have it

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Waits until `value` is no longer `old`: spinning, yielding, then asleep.
void wait_while(const std::atomic<uint32_t>& value, uint32_t old) {
  for (uint32_t i = 0;; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    if (i < spins) pause();
    else if (i < spins + yields) std::this_thread::yield();
    else value.wait(old, std::memory_order_acquire);
  }
}

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  workers_.reserve(threads);
  try {
    for (uint32_t t = 1; t < threads; ++t) workers_.emplace_back([this, t] { serve(t); });
  } catch (const std::system_error& e) {
    end();
    throw PluginError(SXT_NO_DEVICE,
                      fmt::format("threads: of {} threads only {} can be started ({}); give fewer, or allow this user more "
                                  "processes (ulimit -u)",
                                  threads, size(), e.code().message()));
  } catch (...) {
    end();
    throw;
  }
}

ThreadPool::~ThreadPool() { end(); }

void ThreadPool::end() {
  stop_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work(uint32_t thread) {
  try {
    for (uint32_t tile; (tile = next_.fetch_add(1, std::memory_order_relaxed)) < tiles_;) call_(body_, tile, thread);
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    next_.store(tiles_, std::memory_order_relaxed);
  }
}

// Whoever comes when a loop has been closed was not needed for it.
bool ThreadPool::enter() {
  for (uint32_t inside = inside_.load(std::memory_order_relaxed); !(inside & closed);)
    if (inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  return false;
}

void ThreadPool::serve(uint32_t thread) {
  for (uint32_t seen = 0;;) {
    wait_while(generation_, seen);
    seen = generation_.load(std::memory_order_acquire);
    if (stop_) return;
    if (!enter()) continue;
    work(thread);
    if (inside_.fetch_sub(1, std::memory_order_release) == closed + 1) inside_.notify_one();
  }
}

void ThreadPool::run_erased(uint32_t tiles, Call call, void* body) {
  call_ = call;
  body_ = body;
  tiles_ = tiles;
  next_.store(0, std::memory_order_relaxed);
  if (tiles > 1 && !workers_.empty()) {
    inside_.store(0, std::memory_order_release);
    generation_.fetch_add(1, std::memory_order_release);
    generation_.notify_all();
    work(0);
    uint32_t inside = inside_.fetch_or(closed, std::memory_order_acquire) | closed;
    for (; inside != closed; inside = inside_.load(std::memory_order_acquire)) wait_while(inside_, inside);
  } else {
    work(0);
  }
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

}  // namespace sextant::cpu
