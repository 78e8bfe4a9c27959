#include "run_outcome.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/process.hpp"
#include "../config/combinations.hpp"
#include "../store/run_states.hpp"

namespace sextant::cli {
namespace {

store::TaskRecord planned_task(const std::string& model, const std::string& dataset) {
  store::TaskRecord task;
  task.model = model;
  task.dataset = dataset;
  task.infer = "incomplete";
  store::set_incomplete(task, "the run was ended before it was inferred");
  task.peak_rss_bytes = peak_resident_bytes();
  return task;
}

}  // namespace

bool all_missing(const store::RunRecord& record) {
  return std::any_of(record.tasks.begin(), record.tasks.end(), [](const auto& task) { return task.stage.empty(); }) &&
         std::all_of(record.tasks.begin(), record.tasks.end(),
                     [](const auto& task) { return !task.stage.empty() || task.status == "missing"; });
}

store::RunRecord planned_record(const config::RunConfig& run) {
  store::RunRecord record;
  settle_record(record, run);
  return record;
}

void settle_record(store::RunRecord& record, const config::RunConfig& run) {
  std::map<std::pair<std::string, std::string>, store::TaskRecord> known;
  std::vector<store::TaskRecord> helpers;
  for (store::TaskRecord& task : record.tasks) {
    if (!task.stage.empty()) {
      helpers.push_back(std::move(task));
      continue;
    }
    if (task.infer.empty()) {  // a run.json without the stages
      task.infer = task.status;
      if (task.status == "complete" && !task.results_sha256.empty()) task.eval = "complete";
    }
    known.emplace(std::pair(task.model, task.dataset), std::move(task));
  }
  record.tasks.clear();
  for (const config::ModelConfig& model : run.models)
    for (const config::DatasetConfig& dataset : run.datasets) {
      if (!config::is_planned(run, model.abbr, dataset.task_name)) continue;
      const auto it = known.find({model.abbr, dataset.task_name});
      record.tasks.push_back(it == known.end() ? planned_task(model.abbr, dataset.task_name) : std::move(it->second));
    }
  std::move(helpers.begin(), helpers.end(), std::back_inserter(record.tasks));
}

std::string run_status(const store::RunRecord& record, bool allow_missing) {
  if (all_missing(record)) return "failed";
  std::string status = "complete";
  for (const store::TaskRecord& task : record.tasks) {
    if (task.status == "failed" || (task.status == "missing" && !allow_missing)) return "failed";
    if (task.status == "incomplete") status = "incomplete";
  }
  return status;
}

int exit_code(const store::RunRecord& record, bool allow_missing) {
  int code = all_missing(record) ? exit_data : exit_ok;
  for (const store::TaskRecord& task : record.tasks) {
    if (task.status == "failed") return task.error_kind ? exit_code_of(*task.error_kind) : exit_internal;
    if (task.status == "missing" && !allow_missing) code = exit_data;
  }
  if (code != exit_ok) return code;
  for (const store::TaskRecord& task : record.tasks)
    if (task.status == "incomplete") {
      // a disk that filled up is not mended by -r alone, and its message says so
      if (task.error_kind && *task.error_kind == Error::Kind::io) return exit_data;
      code = exit_incomplete;
    }
  return code;
}

}  // namespace sextant::cli
