// What a person is told of what went wrong: one line a cause, each said once, whichever stage came upon it.
#pragma once
#include <set>
#include <string>
#include "../preflight/preflight.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

/// Logs the findings. The exit code of the refusals; 0 where the run may begin.
int tell(const preflight::Report& report, const config::RunConfig& run);

/// Logs why tasks of a run are not complete, and the end of a failed one's log. `told`: data sets of which it has been said.
void explain_failures(const store::RunFolder& folder, const config::RunConfig& run, const store::RunRecord& record, const std::set<std::string>& told);

/// The same of a plan's tasks, and the exit code.
int explain_plan(const std::vector<store::TaskRecord>& tasks, const config::RunConfig& run, const std::set<std::string>& told);

}  // namespace sextant::cli
