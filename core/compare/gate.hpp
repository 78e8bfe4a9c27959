// A gate over all data sets of a comparison: b, the candidate, against a, the baseline. Pure.
#pragma once
#include "../stats/gate.hpp"
#include "format.hpp"

namespace sextant::compare {

/// One data set's part in it.
struct GatePart {
  std::string dataset, metric;
  bool worse = false;                // shown to be more than the margin worse, all data sets taken into account (Holm)
};

struct Gate {
  stats::Verdict verdict = stats::Verdict::inconclusive;
  double margin = 0;
  std::string what;                  // "accuracy over 2 data sets"
  stats::Interval difference;        // more is better
  std::optional<uint64_t> more;      // inconclusive: about how many more questions it takes
  std::vector<GatePart> parts;       // one a comparison, in their order
  std::vector<std::string> wholes;   // what a table shows otherwise than the gate decides, a sign that is turned: a sentence each
};

/// Every question weighs the same: go where the mean of all differences, turned so that more is better, is shown to be above
/// -margin, and no-go where it, or one data set's own, is shown to be below. Numbers of different units are an Error that asks
/// to choose.
Result<Gate> decide(const Report& report, double margin);

/// "go: accuracy -0.40 [-0.91, +0.11], margin 1, 1319 questions"; behind it what a table shows otherwise.
std::string to_line(const Gate& gate);
/// Members of both, and the pairs as in compare --json.
std::string to_json(const Report& report, const Gate& gate);
/// A test suite: the gate, then a case for each data set.
std::string to_junit(const Report& report, const Gate& gate);

}  // namespace sextant::compare
