// What verdicts on pairs of models come to: how often each model wins, a rating, and how far the judge can be believed. Pure;
// threads: [any].
#pragma once
#include <string>
#include <vector>
#include "../data/finding.hpp"
#include "../data/score.hpp"
#include "../stats/resample.hpp"
#include "style.hpp"

namespace sextant::score {

/// Verdicts on two models, row by row (attempt by attempt, where a set has repeats).
struct PairVerdicts {
  size_t first = 0, second = 0;      // of `models`
  std::vector<double> straight;      // the first's share where it is shown first; NaN: no verdict could be read
  std::vector<double> swapped;       // the same where it is shown second; empty: that was not asked
};

/// What the lengths of two models' answers are: characters, row by row.
using Lengths = std::vector<std::vector<double>>;    // [model][row]; a model without any is left out of the length's influence

struct ArenaNumbers {
  std::vector<std::vector<data::Estimate>> of_model;   // win_rate, rating, ...; all in the unit of the table
  std::vector<data::Finding> findings;                 // of the judge
};

/// Which cluster each row belongs to, as stats::of_mean takes it: attempts of one question, questions on one text. Empty: each is
/// alone.
using Clusters = std::vector<uint32_t>;

/// win_rate: the mean share of all comparisons with a model, times 100, by rows, since one row's comparisons belong together; a
/// row's two orders count half each. rating: Bradley and Terry's strength as Elo with a percentile bootstrap over rows, or clusters of them; nothing
/// where models are not connected. rating_at_equal_length: the same with the difference of lengths as a covariate. `name`: of
/// the random streams. `styles`: rating_at_equal_style as well; null: not.
ArenaNumbers arena(const std::vector<std::string>& models, const std::vector<PairVerdicts>& pairs, const Lengths& lengths,
                   const std::string& name, const Styles* styles = nullptr, const Clusters& clusters = {});

/// Several numbers of a selection of rows, with percentile intervals of `count` draws, of clusters where there are any; empty
/// where `numbers` gives none of all rows.
std::vector<stats::Interval> intervals_of(size_t rows, const Clusters& clusters, uint64_t count, const std::string& stream,
                                          const stats::Statistics& numbers);

/// Both orders of a row as the first model's one share: a preference for a place goes out. NaN: neither could be read.
double share_of(const PairVerdicts& pair, size_t row);
/// win_rate of some rows, under another name.
data::Estimate win_rate_of(const std::vector<PairVerdicts>& pairs, size_t model, const std::vector<size_t>& rows, std::string name,
                           const Clusters& clusters = {});

}  // namespace sextant::score
