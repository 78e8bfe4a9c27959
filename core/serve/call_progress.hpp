// The tokens of a model's calls, added up from what it reports. Several calls may be at work at once; a report names its call.
// Threads: [owner].
#pragma once
#include <cstdint>
#include <map>

namespace sextant::serve {

class CallProgress {
 public:
  /// The call has computed `done` tokens. How many these are more than were known of.
  uint64_t more(uint64_t call, uint64_t done) {
    uint64_t& known = known_[call];
    const uint64_t more = done > known ? done - known : 0;
    known += more;
    return more;
  }
  /// Nothing more will be reported.
  void ended(uint64_t call) { known_.erase(call); }

 private:
  std::map<uint64_t, uint64_t> known_;  // [call at work] tokens
};

}  // namespace sextant::serve
