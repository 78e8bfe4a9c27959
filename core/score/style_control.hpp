// Arena-Hard's style control (lmarena/arena-hard-auto, show_result.py): how often each model's answers are preferred to a
// baseline's, beyond length, headings, lists and bold type. Pure; threads: [any].
#pragma once
#include <string>
#include <vector>
#include "arena.hpp"

namespace sextant::score {

inline constexpr double strong_weight = 3;  // of ">>", as there

/// A verdict on a model's answer beside the baseline's.
struct Battle {
  size_t model = 0;  // of `models`
  size_t row = 0;
  double share = 0.5;  // the model's
  double weight = 1;
};

/// The chance that a model's answer is preferred where the two differ in style by as much as all battles do on average, times
/// 100, with a percentile interval over rows, or clusters of them. [model], the baseline's own is 50; empty where it cannot be fitted.
std::vector<stats::Interval> style_controlled(const std::vector<std::string>& models, size_t baseline,
                                              const std::vector<Battle>& battles, const Styles& styles, size_t rows,
                                              const std::string& stream, const Clusters& clusters = {});

}  // namespace sextant::score
