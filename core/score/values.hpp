// The numbers that are kept of every attempt while a set is scored: one for each value of each metric under each filter, and
// those that attempts carry themselves. Columns are made of them once all attempts have been read. Threads: one at a time.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>
#include "../stats/calibration.hpp"
#include "pair_scores.hpp"
#include "score.hpp"

namespace sextant::score {

class Values {
 public:
  Values(uint64_t attempts, std::vector<std::string> filters, const std::vector<MetricFacts>& metrics,
         std::vector<ChoiceScore> scores = {});
  /// In any order.
  void add(uint64_t number, const data::Attempt& attempt, const std::vector<Reading>& readings);

  /// One column per filter and value. Two metrics may call a value by the same name; the later one's then carries its id. Once.
  std::vector<Column> take_columns();
  /// Could the filter and the metrics behind it read that attempt?
  bool failed(uint64_t number, size_t filter) const { return failed_[filter][number]; }
  /// A number that attempts carry in "extra", NaN where one does not; empty: none of them does.
  const std::vector<double>& carried(std::string_view name) const;
  /// Whether the choice by sum, char, byte or token ("extra"."choices") is the target; likewise.
  const std::vector<double>& right(std::string_view kind) const;
  /// The set's own choice scores, and each one's values; likewise.
  const std::vector<ChoiceScore>& scores() const { return scores_; }
  const std::vector<double>& scored(size_t score) const { return scored_[score]; }
  /// [attempt] what is right and what was chosen; empty: no score needs it.
  const std::vector<std::optional<Pair>>& pairs() const { return pairs_; }
  /// Which cluster each of the first `n` attempts belongs to, from 0 in the order in which they first come; one without has one
  /// of its own. Empty: none has one.
  std::vector<uint32_t> clusters(uint64_t n) const;
  /// The probabilities of the labels of each attempt that has any; empty: none has. `ret_binary`: all have the same two.
  const std::vector<stats::Chance>& chances(bool& ret_binary) const;

 private:
  struct Named {
    std::string name;
    std::tuple<uint64_t, size_t, size_t>
        first;  // where it came first: attempt, filter, place: the same whatever the order of add()
    std::vector<std::vector<double>> values;           // [filter][attempt]
    uint64_t last = UINT64_MAX;                        // the verdict that gave it last
  };
  struct Metric {
    std::vector<Named> names;
    std::unordered_map<std::string, size_t> places;    // in `names`
  };
  void add_verdict(uint64_t number, size_t filter, size_t metric, const Verdict& verdict);
  std::vector<Named*> in_order(size_t metric);
  void add_chance(uint64_t number, const data::Attempt& attempt, const std::string& target);
  void set(std::vector<double>& column, uint64_t number, double value);

  const uint64_t attempts_;
  const std::vector<std::string> filters_;
  const std::vector<MetricFacts>& facts_;
  const std::vector<ChoiceScore> scores_;
  std::vector<std::vector<double>> scored_;            // [score][attempt]
  std::vector<std::optional<Pair>> pairs_;             // [attempt]
  std::vector<Metric> metrics_;
  std::vector<std::vector<bool>> failed_;              // [filter][attempt]
  static constexpr std::array<std::string_view, 9> carried_names{
      "word_perplexity", "byte_perplexity", "bits_per_byte", "ppl", "min_k_plus_plus", "min_k", "logprob", "words", "bytes"};
  static constexpr std::array<std::string_view, 4> choice_kinds{"sum", "char", "byte", "token"};
  std::array<std::vector<double>, carried_names.size()> carried_;
  std::array<std::vector<double>, choice_kinds.size()> right_;
  std::unordered_map<std::string, uint32_t> cluster_names_;   // numbers from 1, in the order of add()
  std::vector<stats::Chance> chances_;                        // [attempt]
  std::string first_label_, second_label_;
  bool binary_ = true;
  std::vector<uint32_t> clusters_;                            // [attempt]; 0: none; empty: none has one
};

/// The facts of one of a metric's values.
ValueFacts facts_of(const MetricFacts& metric, const std::string& value);
/// "accuracy", or "accuracy,strict" where a set has several filters.
std::string key_of(const std::vector<std::string>& filters, std::string_view name, size_t filter);

}  // namespace sextant::score
