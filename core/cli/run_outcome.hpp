// What a run has come to: its status, its exit code and what is said of its failures, all from the tasks that run.json records.
#pragma once
#include "../config/run_config.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

/// A task for each evaluated model and data set, none of them computed yet.
store::RunRecord planned_record(const config::RunConfig& run);

/// The record in the order of the configuration: a task that no stage has recorded is incomplete, one that the configuration does not have
/// is left out. Helpers' tasks stay.
void settle_record(store::RunRecord& record, const config::RunConfig& run);

/// complete, incomplete or failed. Nothing evaluated is not a success, whatever may be missing.
std::string run_status(const store::RunRecord& record, bool allow_missing);

/// What a script sees: the worst that happened to any task.
int exit_code(const store::RunRecord& record, bool allow_missing);

/// One line for each reason: where a model could not be opened, all its tasks failed for the same one.
void explain_failures(const store::RunFolder& folder, const store::RunRecord& record, bool allow_missing);

}  // namespace sextant::cli
