// --fail-under DATASET[,METRIC]=X: scores that are worse than X make a run exit with 1. Pure, but for what it says.
#pragma once
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../report/report.hpp"

namespace sextant::cli {

struct Threshold {
  std::string dataset, metric;       // metric empty: the first, which groups average
  double value = 0;
};

/// Every name is one of the run's data sets or groups; a mistake is an Error of kind usage before anything is computed. Metrics
/// are known once there are scores.
Result<std::vector<Threshold>> thresholds(const std::vector<std::string>& given, const config::RunConfig& run);

/// Says each score that is worse, or missing, and gives exit_ok or exit_no; a metric that the table does not have is an Error.
Result<int> check_thresholds(const std::vector<Threshold>& thresholds, const report::Table& table);

}  // namespace sextant::cli
