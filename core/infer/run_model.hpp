// All tasks of one model: prepare every sample, take finished ones from the journals, give the rest to the backend in one call,
// journal each result before it counts, write a task's predictions as soon as its last sample is there.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>
#include "../plan/data.hpp"
#include "../store/run_folder.hpp"
#include "model_session.hpp"
#include "prepare.hpp"

namespace sextant::infer {

struct Progress {
  uint64_t samples_done = 0, samples_total = 0, tokens_done = 0, tokens_total = 0;
};

struct ModelJob {
  const config::RunConfig* run = nullptr;
  const store::RunFolder* folder = nullptr;
  std::atomic<bool>* cancelled = nullptr;          // set here too, when nothing more can be kept
  std::function<void(const Progress&)> progress;   // [any] thread, often
  bool cache = false;                              // --cache: answers of earlier runs, by content key
};

/// Runs every data set of job.run for the session's model. Returns one record per data set, in order; an Error only where the
/// whole model failed (its tasks are then failed, with that error).
Result<std::vector<store::TaskRecord>> run_model(plugin::Host& host, ModelSession& session, const ModelJob& job);

/// What would be computed: the backend's plan over all requests, as JSON, and the tasks whose data are missing.
Result<json::Document> plan_model(plugin::Host& host, ModelSession& session, const config::RunConfig& run,
                                  std::vector<store::TaskRecord>& ret_tasks);

/// "0.1.0+<sha256 of the backend's plugin, 12 digits>": part of every content key.
std::string code_version(plugin::Host& host, const config::ModelConfig& model);

}  // namespace sextant::infer
