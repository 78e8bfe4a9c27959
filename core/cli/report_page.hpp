// What report.html shows of runs: their tables, tasks, comparisons and samples, put together.
#pragma once
#include <optional>
#include <string>
#include <vector>
#include "../check/finding.hpp"
#include "../config/run_config.hpp"
#include "../report/report.hpp"
#include "run_view.hpp"

namespace sextant::cli {

/// A run whose table has been made.
struct TabledRun {
  RunView view;
  config::RunConfig config;
  report::Table table;
  std::optional<std::vector<check::Finding>> checked = {};   // what `sextant check` finds, where it has been asked
};

/// The run's configuration, as configs/run.json has it: no plugin, card or model is asked. Its table, and in the view's record
/// what became of its tasks.
Result<TabledRun> tabled_run(RunView view);

/// The page of the first run; the others are compared with it, as `sextant compare` does, and their samples are in it too. A
/// run with several models is compared with itself.
Result<std::string> page_of_runs(const std::vector<TabledRun>& runs);

}  // namespace sextant::cli
