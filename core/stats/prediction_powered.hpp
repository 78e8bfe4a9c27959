// A mean over many samples that a judge has rated and a person only some of: the judge's mean, corrected by how the two differ
// where both are known (Angelopoulos, Duchi and Zrnic 2023, "PPI++"). Valid whatever the judge is worth; the better it is, the
// narrower. Pure; threads: [any].
#pragma once
#include <cstdint>
#include <span>
#include <utility>

namespace sextant::stats {

/// Below so many labels the normal distribution is no good approximation: no interval is given.
inline constexpr uint64_t least_labels = 50;

struct PredictionPowered {
  double value = 0, standard_error = 0, low = 0, high = 0;   // the limits are NaN below `least_labels`
  double lambda = 0;                 // how much the judge counts: 0 not at all
  uint64_t labels = 0;               // those of one cluster count once
};

/// `labelled`: (person, judge) of each sample that has both. `judged`: the judge's verdicts of the others.
/// `of_labelled`, `of_judged`: the cluster of each, where some belong together (attempts of one question, of which one may have a
/// label and another none): the error is then robust to what they have in common.
PredictionPowered prediction_powered(std::span<const std::pair<double, double>> labelled, std::span<const double> judged,
                                     std::span<const uint32_t> of_labelled = {}, std::span<const uint32_t> of_judged = {});

}  // namespace sextant::stats
