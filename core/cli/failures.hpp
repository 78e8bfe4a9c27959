// What a person is told of what went wrong: one line a cause, each said once, whichever stage came upon it.
#pragma once
#include <map>
#include <string>
#include "../preflight/preflight.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

/// What cannot be run, and of which tell() has said why.
struct Unfit {
  std::map<std::string, Error> datasets, models;
  bool has(const store::TaskRecord& task) const;
};
Unfit unfit_of(const preflight::Report& report);

/// Logs the findings. The exit code of the refusals; 0 where the run may begin.
int tell(const preflight::Report& report, const config::RunConfig& run);

/// Logs why tasks of a run are not complete, and the end of a failed one's log, but of those that are told already.
void explain_failures(const store::RunFolder& folder, const config::RunConfig& run, const store::RunRecord& record,
                      const Unfit& told);

/// The same of a plan's tasks, and the exit code.
int explain_plan(const std::vector<store::TaskRecord>& tasks, const config::RunConfig& run, const Unfit& told);

}  // namespace sextant::cli
