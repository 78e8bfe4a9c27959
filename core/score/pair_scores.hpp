// Numbers over a whole set of choices, computed of what is right and what was chosen: lm-eval's f1 and mcc, and a task's own
// function of all pairs. Threads: const members are [any].
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <sextant/python_function.hpp>
#include "../stats/lm_eval_error.hpp"
#include "choice_scores.hpp"

namespace sextant::score {

/// Numbers of options; -100 where the right one is none of them.
struct Pair {
  int32_t right = 0, chosen = 0;
};
bool is_pair_score(const ChoiceScore& score);
/// Nothing where the attempt chose among no options, or several are right.
std::optional<Pair> pair_of(const json::Value& extra, const json::Value& target);

class PairScore {
 public:
  static Result<PairScore> make(const ChoiceScore& score);
  /// An Error: there is no such number of these pairs.
  Result<double> of(std::span<const Pair> pairs) const;
  /// As lm-eval bootstraps it; NaN where it does not.
  double standard_error(std::span<const Pair> pairs, unsigned threads, uint64_t draws = stats::lm_eval_draws) const;

 private:
  Result<double> of_counts(std::span<const Pair> kinds, std::span<const double> counts) const;
  std::string kind_;
  std::optional<python::Function> function_;
};

}  // namespace sextant::score
