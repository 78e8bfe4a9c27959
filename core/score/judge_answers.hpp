// What a set's judges read, attempt by attempt, and who has something to gain: answers that speak to the judge, judges that
// share weights.
#pragma once
#include <string>
#include <utility>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/finding.hpp"
#include "../store/run_folder.hpp"
#include "score.hpp"
#include "style.hpp"

namespace sextant::score {

struct Answer {
  uint64_t row = 0;
  uint32_t repeat = 0;
  std::string cluster;
  double length = 0;                // characters, without the thinking
  std::string addressed;            // to the judge instead of to the question
  std::vector<std::string> groups;  // [column of "by"]
  std::string sha256;               // of the prediction
  Style style{};                    // where the judge's numbers are to be of equal style
};

Result<std::vector<Answer>> answers_of(const store::RunFolder& folder, const config::DatasetConfig& dataset,
                                       const std::string& model);

/// What of_mean takes: attempts of one row, or of rows that belong together, have one number. Empty where each is alone.
std::vector<uint32_t> clusters_of(const std::vector<Answer>& answers);

/// The values of a column of "by", in the order in which they first come, each with its samples.
std::vector<std::pair<std::string, std::vector<size_t>>> groups_of(const std::vector<Answer>& answers, size_t column);

/// "addressed_to_judge" with the first of them; `ret_suspicious` gets the first 20.
void add_suspicious(const std::vector<Answer>& answers, const std::string& model,
                    std::vector<Scored::Suspicious>& ret_suspicious, std::vector<data::Finding>& ret_findings);

/// "self_preference": a judge that shares weights or a family with what it judges tends to prefer it.
void add_kinship(const config::RunConfig& run, const std::string& judge, const std::string& model,
                 std::vector<data::Finding>& ret_findings);

}  // namespace sextant::score
