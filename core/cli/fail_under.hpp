// --fail-under DATASET[,METRIC]=X: scores that are worse than X make a run exit with 1. Pure, but for what it says.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../report/report.hpp"

namespace sextant::cli {

struct Threshold {
  std::string dataset, metric;       // metric empty: the first, which groups average
  double value = 0;
};

/// Every name is one of the run's data sets or groups; a mistake is an Error of kind usage before anything is computed.
Result<std::vector<Threshold>> thresholds(const std::vector<std::string>& given, const config::RunConfig& run);

/// What a set's rows are called, where that is known before there are scores; see score::row_names.
using RowNames = std::function<std::optional<std::vector<std::string>>(const config::DatasetConfig&)>;

/// The same for metrics: one that no row can bear is an Error. Others are looked for once there are scores.
Result<void> check_metrics(const std::vector<Threshold>& thresholds, const config::RunConfig& run, const RowNames& row_names);

/// Says each score that is worse, or missing, and gives exit_ok or exit_no; a metric that the table does not have is an Error.
Result<int> check_thresholds(const std::vector<Threshold>& thresholds, const report::Table& table);

}  // namespace sextant::cli
