// Scores with and without some of a run's samples, which somebody has named with a reason: wrong references, broken questions.
// Pure.
#pragma once
#include <map>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../stats/interval.hpp"
#include "answers.hpp"

namespace sextant::compare {

struct Without {
  std::string model, dataset, metric;
  uint64_t excluded = 0;                    // questions that were named and are in it
  stats::Interval all, kept;                // the mean over all questions, and over those that are left, in the table's unit
  std::map<std::string, uint64_t> reasons;  // how many questions each was given for; "": none was given
};

/// The set's first number. `excluded`: rows, with the reasons.
Without without(const Answers& answers, const std::map<uint64_t, std::string>& excluded);

std::string to_text(const std::vector<Without>& all);
/// {"model", "dataset", "metric", "n", "excluded", "all": {"value", "low", "high"}, "without": {...}, "reasons": {REASON:
/// COUNT}}
json::Value to_json(const Without& one, json::Document::AllocatorType& allocator);

}  // namespace sextant::compare
