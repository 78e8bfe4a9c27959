// From predictions to results: post-processors, metrics, the canonical hash. Pure but for the plugins it calls.
#pragma once
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/predictions.hpp"
#include "../store/run_folder.hpp"

namespace sextant::score {

struct Detail {
  uint64_t index = 0;
  std::string pred;            // after the post-processors
  std::string answer_json;
  double score = 0;            // NaN: the metric has none for single samples
};
struct Evaluated {
  std::vector<std::pair<std::string, double>> metrics;   // "accuracy": 41.5; all rows of the table, groups take the first
  std::vector<Detail> details;
  std::string results_sha256;  // of one canonical JSON line per sample: index, prediction, label scores, score
};

/// `predictions` in sample order. References are the golds; rows without an answer (a test split) are an Error of kind data
/// that says so.
Result<Evaluated> evaluate(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat,
                           const std::vector<data::Attempt>& predictions);

/// results/<model>/<task>.json: {"accuracy": 41.5, ..., "details": [{"index", "pred", "answer", "correct"}]}.
std::string to_json(const Evaluated& evaluated, bool with_details);

}  // namespace sextant::score
