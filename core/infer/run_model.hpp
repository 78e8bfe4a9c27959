// All tasks of one model: samples are prepared in waves beside the model, finished ones are taken from the journals, each result
// is journalled before it counts, and a task's predictions are written and scored as soon as its last sample is there.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>
#include "../plan/data.hpp"
#include "../store/run_folder.hpp"
#include "model_session.hpp"
#include "plan.hpp"
#include "prepare.hpp"

namespace sextant::infer {

struct Progress {
  uint64_t samples_done = 0, samples_total = 0;    // total: of the data sets that have been prepared so far
  uint64_t samples_computed = 0;                   // by this run, and journalled
  uint64_t tokens_done = 0, tokens_total = 0;      // total: estimated, once all is prepared; 0 before
};

struct ModelJob {
  const config::RunConfig* run = nullptr;
  const store::RunFolder* folder = nullptr;
  std::atomic<bool>* cancelled = nullptr;                 // set here too, when nothing more can be kept
  std::function<void(const Progress&)> progress;          // [any] thread, often; calls do not overlap
  std::function<void(store::TaskRecord&)> complete;       // a complete task's predictions are written; calls do not overlap
  bool cache = false;                                     // --cache: answers of earlier runs, by content key
};

/// Runs every data set of job.run for the session's model. Returns one record per data set, in order.
std::vector<store::TaskRecord> run_model(plugin::Host& host, ModelSession& session, const ModelJob& job);

/// Answers that run_model() was given and that are not in the journal yet. Lock-free: for the handler of a crash.
const std::atomic<uint64_t>& unkept_answers();

/// What would be computed, wave by wave as run_model() would send it.
Result<Plan> plan_model(plugin::Host& host, ModelSession& session, const config::RunConfig& run);

/// "0.1.0+<sha256 of the backend's plugin, 12 digits>": part of every content key.
std::string code_version(plugin::Host& host, const config::ModelConfig& model);

}  // namespace sextant::infer
