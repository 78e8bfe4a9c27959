// Whether the values of one sample are greater than those of another: the rank-sum test of Wilcoxon (1945), Mann and Whitney
// (1947). Pure; threads: [any].
#pragma once
#include <span>

namespace sextant::stats {

struct RankSum {
  double above = 0.5;  // the share of pairs in which the first sample's value is the greater one, ties by half
  double p = 1;        // two-sided, both are drawn from one distribution: normal, with corrections for ties and continuity
};
/// Neither is empty, nor has a NaN.
RankSum rank_sum(std::span<const double> first, std::span<const double> second);

}  // namespace sextant::stats
