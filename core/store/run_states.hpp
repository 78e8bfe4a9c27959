// What became of each stage of a run, as the stages themselves have recorded it. While a run is at work, run.json says so (it
// has no "finished") and states.jsonl gets a line for each stage that is over; when it ends, run.json has all of it and
// states.jsonl goes. So a run that was killed says which of its tasks were done, and nothing is concluded from files that lie
// about.
#pragma once
#include <memory>
#include <mutex>
#include "../base/files.hpp"
#include "run_folder.hpp"

namespace sextant::store {

class RunStates {
 public:
  /// `record` becomes run.json: incomplete, without an end. What states.jsonl held of an earlier pass goes first.
  static Result<RunStates> begin(const RunFolder& folder, RunRecord record);
  /// A stage of the task is over. One write(2); a failure to write costs what a kill would: the task counts as not done. [any]
  /// thread.
  void add(const TaskRecord& task);
  /// Writes run.json with the end and removes states.jsonl.
  static Result<void> end(const RunFolder& folder, const RunRecord& record);

 private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::optional<AppendFile> file_;
};

/// run.json, and of a run that was ended before its time what states.jsonl says in addition.
Result<RunRecord> read_run_record(const RunFolder& folder);

/// The task is not done: `error` says why, as the last stage that was begun did.
void set_incomplete(TaskRecord& task, std::string error);

}  // namespace sextant::store
