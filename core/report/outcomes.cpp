#include "outcomes.hpp"
#include <fmt/format.h>
#include <map>
#include "../base/files.hpp"
#include "../store/run_states.hpp"

namespace sextant::report {
namespace {

// The numbers of a results file, in their order; "details" and the like are not among them.
Result<std::vector<std::pair<std::string, double>>> read_metrics(const std::filesystem::path& path) {
  SXT_TRY(const std::string text, read_file(path, own_bytes_max));
  SXT_TRY(const json::Document document, json::parse(text, path.string()));
  std::vector<std::pair<std::string, double>> metrics;
  if (document.IsObject())
    for (const auto& member : document.GetObject())
      if (member.value.IsNumber()) metrics.emplace_back(json::text(member.name), member.value.GetDouble());
  return metrics;
}

}  // namespace

Table table_of_run(const store::RunFolder& folder, const config::RunConfig& run, store::RunRecord& record) {
  std::vector<std::string> models;
  for (const config::ModelConfig& model : run.models) models.push_back(model.abbr);
  std::map<std::string, const config::DatasetConfig*> datasets;
  for (const config::DatasetConfig& dataset : run.datasets) datasets.emplace(dataset.task_name, &dataset);
  std::vector<TaskOutcome> outcomes;
  for (store::TaskRecord& task : record.tasks) {
    if (!task.stage.empty()) continue;  // a helper's
    const auto it = datasets.find(task.dataset);
    if (it == datasets.end()) continue;
    const config::DatasetConfig& dataset = *it->second;
    TaskOutcome outcome{task.model, task.dataset, dataset.version, "", task.status, task.error, {}};
    outcome.samples = task.samples;
    outcome.mode = dataset.inferencer.id == "loglikelihood" ? "ll" : dataset.inferencer.id;
    if (task.infer == "complete" && task.eval == "complete") {
      auto metrics = read_metrics(folder.results(task.model, task.dataset));
      if (metrics) {
        outcome.metrics = *std::move(metrics);
      } else {
        task.eval = "incomplete";
        store::set_incomplete(task, fmt::format("{}; the same command with -m eval and -r scores it again", metrics.error().message));
        outcome.status = task.status;
        outcome.error = task.error;
      }
    } else if (task.infer == "complete" && task.eval.empty()) {
      store::set_incomplete(task, "it has been inferred and not scored; the same command with -m eval and -r scores it");
      outcome.status = "not scored";
      outcome.error = task.error;
    }
    outcomes.push_back(std::move(outcome));
  }
  return make_table(models, outcomes, run.summarizer);
}

Result<void> write_summary(const store::RunFolder& folder, const Table& table) {
  SXT_CHECK(write_file(folder.summary("txt"), to_summary_file(table, folder.timestamp())));
  SXT_CHECK(write_file(folder.summary("csv"), to_csv(table)));
  return write_file(folder.summary("md"), to_markdown(table));
}

}  // namespace sextant::report
