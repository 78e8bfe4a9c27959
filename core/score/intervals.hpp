// The intervals of a set's numbers: what core/stats computes, of columns and of numbers over the whole set. With repeats a
// question's value is the mean of its attempts, so that asking more often does not look like asking more.
#pragma once
#include <span>
#include "../stats/interval.hpp"
#include "../stats/resample.hpp"
#include "score.hpp"
#include "values.hpp"

namespace sextant::score {

/// The attempts of one repeat as their metric judges them, for a number over the whole set.
struct JudgedSet {
  std::vector<uint64_t> rows;        // [sample]
  std::vector<Judged> samples;
  std::vector<double> first;         // the metric's first value of each
};

class Intervals {
 public:
  Intervals(const Scored& scored, const Values& values, std::string dataset);

  /// `factor` times the column's mean.
  stats::Interval of_column(const Column& column, double factor) const;
  /// One value a row: of pass@k. Not to leave 0 .. 1.
  stats::Interval of_rows(std::span<const double> values, double factor) const;
  /// `over(rows, repeat)`: a number over a selection of rows, `value` over all of them, the mean over repeats where there are
  /// several. `slow`: it takes long, so that groups of rows are left out instead of a bootstrap.
  stats::Interval of_set(const std::string& name, double value,
                         const std::function<double(std::span<const uint32_t> rows, uint32_t repeat)>& over,
                         bool slow = false) const;
  /// A metric's own numbers over the set, `values` by name. Each resampling asks the metric, so that big sets get a jackknife
  /// over groups. An Error: cancelled.
  Result<std::vector<stats::Interval>> of_metric(Reader& reader, size_t metric, std::span<const JudgedSet> repeats,
                                                 std::span<const std::pair<std::string, double>> values) const;

 private:
  std::vector<uint32_t> rows_of(std::span<const uint32_t> units) const;
  uint64_t key(const std::string& name) const;
  const Scored& scored_;
  const std::string dataset_;
  const uint64_t rows_;
  std::vector<uint32_t> clusters_;               // [row], or empty
  std::vector<std::vector<uint32_t>> units_;     // rows of each cluster; of a set without clusters one a row
};

void set_interval(data::Estimate& estimate, const stats::Interval& interval);

}  // namespace sextant::score
