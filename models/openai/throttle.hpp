// How many requests may be at the server at once. It begins with all that are allowed; each time the server says that it is too
// much, fewer are sent, and after every round that went well one in twenty more. Pure: the time comes in. [owner]
#pragma once
#include <algorithm>
#include <cstdint>

namespace sextant::openai {

class Throttle {
 public:
  explicit Throttle(uint32_t most) : most_(std::max(1u, most)), limit_(most_) {}
  /// At once; fewer than `most` after refusals.
  uint32_t limit() const { return static_cast<uint32_t>(limit_); }
  /// Nothing new is sent before this time.
  int64_t closed_until_ms() const { return closed_until_; }

  void went_well() {
    if (limit_ >= most_ || ++round_ < limit_) return;
    round_ = 0;
    limit_ = std::min<double>(most_, limit_ + std::max(1.0, limit_ / 20));
  }
  /// 429 and its like. `wait_ms`: what the server asks for; 0: it does not say.
  void too_much(int64_t now_ms, int64_t wait_ms) {
    if (wait_ms > 0) closed_until_ = std::max(closed_until_, now_ms + wait_ms);
    // what was sent before the last cut says nothing about it
    if (now_ms < next_cut_) return;
    next_cut_ = now_ms + std::max(least_between_cuts_ms, wait_ms);
    limit_ = std::max(1.0, limit_ * 0.7);
    round_ = 0;
  }

 private:
  static constexpr int64_t least_between_cuts_ms = 250;
  double most_, limit_;
  double round_ = 0;          // answers since the limit changed
  int64_t closed_until_ = 0, next_cut_ = 0;
};

}  // namespace sextant::openai
