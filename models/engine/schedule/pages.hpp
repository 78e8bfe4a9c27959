// Who holds which page. A page is free when nobody holds it; some of the free ones are promised to sequences that generate, so
// that a sequence that has begun can always end.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

namespace sextant::engine {

class PagePool {
 public:
  explicit PagePool(uint32_t pages) : holders_(pages, 0) {}

  /// A page with one holder, or false where all that are left are promised.
  bool take(uint32_t& ret_page) {
    if (available() == 0) return false;
    ret_page = pop();
    return true;
  }
  bool reserve(uint32_t pages) {
    if (available() < pages) return false;
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
  uint32_t fresh_ = 0, in_use_ = 0, reserved_ = 0, peak_ = 0;
};

}  // namespace sextant::engine
