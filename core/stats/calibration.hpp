// How well the probabilities of choices fit what came true. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace sextant::stats {

/// One sample whose options have probabilities that add up to 1. NaN in `confidence`: it has none.
struct Chance {
  double confidence = std::numeric_limits<double>::quiet_NaN();   // of the option with the greatest
  bool right = false;                                             // is that option the answer?
  double brier = 0;  // sum over options of (p - (1 where it is the answer, else 0))^2
  double second = 0;                                              // of the second of two options
  bool second_right = false;
};

struct Calibration {
  uint64_t n = 0;
  double brier = 0;        // the mean; 0 to 2
  double ece = 0;          // expected calibration error over ten bins of equal width (Guo et al. 2017), 0 to 1
  double confidence = 0;   // the mean
  double accuracy = 0;
};
Calibration calibration_of(std::span<const Chance> chances);

/// The area under the ROC curve of `second` for `second_right`; equal probabilities count half. NaN where only one class
/// occurs.
double auc_roc(std::span<const Chance> chances);

/// What the ln p of options and the number of the right one come to; the largest of equal options is the first.
Chance chance_of(std::span<const double> logprobs, size_t right);

}  // namespace sextant::stats
