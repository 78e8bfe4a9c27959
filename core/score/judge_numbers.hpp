// What judges of single answers and judges of pairs have in common: how replies are scored, people's labels, OpenCompass'
// tables.
#pragma once
#include <map>
#include <string>
#include <vector>
#include "../data/finding.hpp"
#include "../stats/interval.hpp"
#include "judge_answers.hpp"
#include "labels.hpp"

namespace sextant::score {

/// What the judge's replies are scored by.
config::DatasetConfig judged_set(const config::DatasetConfig& dataset);

/// A judge's number for the table.
data::Estimate judge_number(std::string metric, const stats::Interval& interval, bool higher_is_better = true);

/// Labels by the sample's place. What the person saw must be what the judge saw; else the label is stale.
struct Placed {
  std::map<size_t, double> by_sample;
  uint64_t stale = 0;
};
/// `against`, `others`: of pairs, the other model and its answers.
Result<Placed> placed(const Labels& labels, const std::vector<Answer>& answers, const std::string& model,
                      const std::string& against, const std::vector<Answer>* others);

/// `ret_numbers` and `ret_findings` get what people's labels make of the deciding judges' values.
void add_trust(const Placed& people, const std::vector<double>& values, const std::vector<uint32_t>& clusters, double unit,
               stats::Range range, const std::string& name, bool higher_is_better, const config::Judge& judge,
               std::vector<data::Estimate>& ret_numbers, std::vector<data::Finding>& ret_findings);

/// OpenCompass' own table of that set, in front of the other numbers. `judged`: what its judge's file is called behind the '@'.
Result<void> add_table(const config::RunConfig& run, const config::DatasetConfig& dataset, const store::RunFolder& folder,
                       const std::string& judged, const std::vector<Answer>& answers, std::vector<data::Estimate>& ret_numbers);

}  // namespace sextant::score
