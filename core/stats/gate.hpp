// Is a candidate at most a margin worse than its baseline? Pure; threads: [any].
#pragma once
#include <optional>
#include "interval.hpp"

namespace sextant::stats {

enum class Verdict { go, no_go, inconclusive };

struct Decision {
  Verdict verdict = Verdict::inconclusive;
  std::optional<uint64_t>
      more;  // inconclusive: about how many more questions it takes; nothing: no number will do (the difference is the margin)
};

/// `difference`: the candidate's less the baseline's, more is better, with its interval. Go: the whole interval is above
/// -margin; no-go: it is below. Each is wrong in at most 2.5 % of all gates. `more` is for a decision in four of five
/// experiments, should the difference stay what it is.
Decision decide(const Interval& difference, double margin);

/// The same question while samples come in, to be asked after every one: tests of -margin by betting, one in either direction,
/// which hold whenever one stops (Waudby-Smith and Ramdas 2023). `reach`: no difference is farther from 0.
class Sequential {
 public:
  Sequential(double margin, double reach, double alpha = 1 - confidence);
  /// The next question's difference; questions must come in random order.
  void add(double difference);
  Verdict verdict() const;
  uint64_t n() const { return n_; }

 private:
  static constexpr int bets = 50;    // shares of the greatest possible stake
  double margin_, reach_, threshold_;
  double above_[bets] = {}, below_[bets] = {};   // logarithms of what each bet has come to
  bool above_passed_ = false, below_passed_ = false;
  uint64_t n_ = 0;
};

}  // namespace sextant::stats
