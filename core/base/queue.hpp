// A queue between threads that holds at most `room` things: who puts more waits. Threads: [any].
#pragma once
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace sextant {

template <class T> class Queue {
 public:
  explicit Queue(size_t room = SIZE_MAX) : room_(room) {}

  /// Waits while the queue is full.
  void push(T value) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return waiting_.size() < room_; });
    waiting_.push_back(std::move(value));
    has_more_.notify_one();
  }
  /// Waits until fewer than `n` things wait to be taken.
  void wait_below(size_t n) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return waiting_.size() < n; });
  }
  /// Nothing more will be pushed.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    has_more_.notify_all();
  }
  /// The oldest one; waits for it. Nothing once the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    has_more_.wait(lock, [&] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return std::nullopt;
    std::optional<T> value(std::move(waiting_.front()));
    waiting_.pop_front();
    has_room_.notify_all();
    return value;
  }
  /// The oldest ones, at most `n`; waits for one. None once the queue is closed and empty.
  std::vector<T> pop_some(size_t n) {
    std::unique_lock lock(mutex_);
    has_more_.wait(lock, [&] { return !waiting_.empty() || closed_; });
    std::vector<T> out;
    for (; !waiting_.empty() && out.size() < n; waiting_.pop_front()) out.push_back(std::move(waiting_.front()));
    has_room_.notify_all();
    return out;
  }

 private:
  const size_t room_;
  std::mutex mutex_;
  std::condition_variable has_room_, has_more_;
  std::deque<T> waiting_;
  bool closed_ = false;
};

}  // namespace sextant
