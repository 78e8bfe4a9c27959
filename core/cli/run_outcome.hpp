// What a run has come to: its status and its exit code, all from the tasks that run.json records.
#pragma once
#include "../config/run_config.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

/// A task for each evaluated model and data set, none of them computed yet.
store::RunRecord planned_record(const config::RunConfig& run);

/// The record in the order of the configuration: a task that no stage has recorded is incomplete, one that the configuration
/// does not have is left out. Helpers' tasks stay.
void settle_record(store::RunRecord& record, const config::RunConfig& run);

/// There are tasks, and the data of none of them.
bool all_missing(const store::RunRecord& record);

/// complete, incomplete or failed. Nothing evaluated is not a success, whatever may be missing.
std::string run_status(const store::RunRecord& record, bool allow_missing);

/// What a script sees: the worst that happened to any task.
int exit_code(const store::RunRecord& record, bool allow_missing);

}  // namespace sextant::cli
