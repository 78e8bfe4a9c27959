// Who holds which page. A page is free when nobody holds it; some of the free ones are promised to sequences that generate, so
// that a sequence that has begun can always end. Pages held only to be reused later are given up when others need pages.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace sextant::engine {

class PagePool {
 public:
  /// Releases at least `pages` pages, or none and returns false.
  using Reclaim = std::function<bool(uint32_t pages)>;

  explicit PagePool(uint32_t pages, Reclaim reclaim = nullptr) : holders_(pages, 0), reclaim_(std::move(reclaim)) {}

  /// A page with one holder, or false where all that are left are promised.
  bool take(uint32_t& ret_page) {
    if (!make_available(1)) return false;
    ret_page = pop();
    return true;
  }
  bool reserve(uint32_t pages) {
    if (!make_available(pages)) return false;
    reserved_ += pages;
    peak_ = std::max(peak_, in_use_ + reserved_);
    return true;
  }
  uint32_t take_reserved() {
    assert(reserved_ > 0);
    --reserved_;
    return pop();
  }
  void unreserve(uint32_t pages) { reserved_ -= pages; }
  void hold(uint32_t page) { ++holders_[page]; }
  void release(uint32_t page) {
    assert(holders_[page] > 0);
    if (--holders_[page] == 0) free_.push_back(page), --in_use_;
  }
  uint32_t holders(uint32_t page) const { return holders_[page]; }
  uint32_t available() const { return static_cast<uint32_t>(holders_.size()) - in_use_ - reserved_; }
  uint32_t peak() const { return peak_; }  // the most pages that were held or promised at once

 private:
  bool make_available(uint32_t pages) { return available() >= pages || (reclaim_ && reclaim_(pages - available())); }
  // pages used lately come first, fresh ones last: memory never needed is never touched
  uint32_t pop() {
    uint32_t page = fresh_;
    if (free_.empty()) ++fresh_;
    else page = free_.back(), free_.pop_back();
    holders_[page] = 1;
    peak_ = std::max(peak_, ++in_use_ + reserved_);
    return page;
  }

  std::vector<uint32_t> holders_, free_;
  Reclaim reclaim_;
  uint32_t fresh_ = 0, in_use_ = 0, reserved_ = 0, peak_ = 0;
};

}  // namespace sextant::engine
