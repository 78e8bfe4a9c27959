// Two models on the questions that both were asked: pure.
#pragma once
#include <optional>
#include <unordered_map>
#include "../stats/interval.hpp"
#include "answers.hpp"

namespace sextant::compare {

/// The places of one question in both.
struct Pair {
  size_t a = 0, b = 0;
};
struct Pairing {
  std::vector<Pair> pairs;           // in the order of a
  uint64_t a_alone = 0, b_alone = 0; // questions that the other was not asked
};
/// By content, never by position. Rows decide where both have them, else prompts and targets; where one side was imported and
/// shares no row, rows without derived columns, else prompts and targets. Of a question that comes several
/// times the first goes with the first.
Pairing pair_up(const Answers& a, const Answers& b);

/// Numbers for the clusters of pairs, in their order.
class Clusters {
 public:
  void add(const Answers& a, const Answers& b, const Pair& pair);
  /// Empty where each question is alone.
  std::vector<uint32_t> take();

 private:
  std::unordered_map<std::string, uint32_t> names_;
  std::vector<uint32_t> numbers_;
  uint32_t next_ = 0;
  bool named_ = false;
};

/// A question on which one of the two is better: its rows in both runs.
struct Flip {
  uint64_t a = 0, b = 0;
  bool b_is_better = false;
};

struct Comparison {
  std::string dataset, metric;
  bool higher_is_better = true;
  double unit = 100;                 // what values are multiplied by for the table
  double reach = 0;                  // how far a difference can be from 0, in the table's unit; infinite: not known
  uint64_t n = 0, left_out = 0;      // questions; those without a score on either side
  double a = 0, b = 0;
  double whole_a, whole_b;           // the tables' numbers, where they are not the means of all questions' values; else NaN
  stats::Interval difference;        // b - a, with n and clusters
  std::string test;                  // "mcnemar", "permutation"
  double p = 1, p_adjusted = 1;      // adjusted: for all data sets of a comparison (Holm)
  double mde = 0;                    // the smallest difference that so many questions show in four of five cases
  double e_value = 0;                // NaN: the metric's range is not known
  uint64_t a_only = 0, b_only = 0;   // questions on which a, and b, is better: of right and wrong, right alone
  std::vector<Flip> flips;            // those questions, in the order of a
};

/// `metric` empty: the first that both have. Questions must be the same, unless `common` asks for those that both have; else an
/// Error that says how many are not.
Result<Comparison> compare(const Answers& a, const Answers& b, const std::string& metric, bool common);

/// Fills p_adjusted.
void adjust(std::vector<Comparison>& comparisons);

/// The plain average over data sets whose numbers have one unit, more being better; nothing where there are fewer than two.
struct Average {
  size_t datasets = 0;
  double a = 0, b = 0, p = 1;
  stats::Interval difference;
};
std::optional<Average> average(const std::vector<Comparison>& comparisons);

}  // namespace sextant::compare
