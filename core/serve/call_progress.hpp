// The tokens of a model's calls, added up from what it reports. Two calls may be at work at once and report in turns, and a report
// does not say whose it is: their totals tell them apart. Where those are equal, the one that is behind counts when the other is done.
// Threads: [owner].
#pragma once
#include <cstdint>
#include <map>

namespace sextant::serve {

class CallProgress {
 public:
  /// A call has computed `done` of its `total` tokens. How many these are more than were known of.
  uint64_t more(uint64_t done, uint64_t total) {
    uint64_t& known = known_[total];
    const uint64_t more = done > known ? done - known : 0;
    known += more;
    if (done >= total) known_.erase(total);
    return more;
  }

 private:
  std::map<uint64_t, uint64_t> known_;  // [total of a call at work] tokens
};

}  // namespace sextant::serve
