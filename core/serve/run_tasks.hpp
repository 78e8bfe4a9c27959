// All tasks of one model: samples are prepared in waves while the model computes, what the journal has is taken from there,
// each response is journalled before it counts, and a task's attempts are handed on as soon as the last one is over.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include "../store/run_folder.hpp"
#include "model_session.hpp"
#include "plan.hpp"
#include "task.hpp"

namespace sextant::serve {

struct Progress {
  uint64_t samples_done = 0, samples_total = 0;    // attempts; total: of the tasks that have been prepared so far
  uint64_t samples_computed = 0;                   // by this run, and journalled
  uint64_t tokens_done = 0, tokens_total = 0;      // total: estimated, once all is prepared; 0 before
  std::string_view dataset = {};                   // whose attempt was over last; as long as the run lasts
};

struct Job {
  const store::RunFolder* folder = nullptr;               // null: nothing is journalled and no log is written
  std::atomic<bool>* cancelled = nullptr;                 // set here too, when nothing more can be kept
  std::function<void(const Progress&)> progress;          // [any] thread, often; calls do not overlap
  std::function<void(const TaskSpec&, store::TaskRecord&)> complete;  // a task's attempts have been kept; calls do not overlap
  bool cache = false;                                     // --cache: responses of earlier runs, by content key
};

/// Runs the tasks on the session's model. Returns one record per task, in order.
std::vector<store::TaskRecord> run_tasks(plugin::Host& host, ModelSession& session, std::vector<TaskSpec> tasks,
                                         const Job& job);

/// Answers that run_tasks() was given and that are not in the journal yet. Lock-free: for the handler of a crash.
const std::atomic<uint64_t>& unkept_answers();

/// What would be computed, wave by wave as run_tasks() would send it; of inferencers of many rounds the first.
Result<Plan> plan_tasks(plugin::Host& host, ModelSession& session, std::vector<TaskSpec> tasks);

/// "0.1.0+<sha256 of the backend's plugin, 12 digits>": part of every content key.
std::string code_version(plugin::Host& host, const config::ModelConfig& model);

}  // namespace sextant::serve
