#include "outcomes.hpp"
#include <algorithm>
#include "../base/files.hpp"

namespace sextant::report {
namespace {

// The numbers of a results file, in their order, and its findings; "details" and the like are not among them.
Result<std::vector<std::pair<std::string, double>>> read_metrics(const std::filesystem::path& path, std::vector<data::Finding>& ret_findings) {
  SXT_TRY(const std::string text, read_file(path));
  SXT_TRY(const json::Document document, json::parse(text, path.string()));
  std::vector<std::pair<std::string, double>> metrics;
  if (document.IsObject())
    for (const auto& member : document.GetObject())
      if (member.value.IsNumber()) metrics.emplace_back(json::text(member.name), member.value.GetDouble());
  ret_findings = data::findings_from_json(document);
  return metrics;
}

}  // namespace

Result<Table> table_of_run(const store::RunFolder& folder, const config::RunConfig& run, const store::RunRecord& record) {
  std::vector<std::string> models;
  for (const config::ModelConfig& model : run.models) models.push_back(model.abbr);
  std::vector<TaskOutcome> outcomes;
  for (const store::TaskRecord& task : record.tasks) {
    if (!task.stage.empty()) continue;  // a helper's
    const config::DatasetConfig* dataset = config::find_dataset(run, task.dataset);
    if (!dataset) continue;
    TaskOutcome outcome{task.model, task.dataset, dataset->version, "", task.status, task.error, {}};
    outcome.samples = task.samples;
    outcome.mode = dataset->inferencer.id == "loglikelihood" ? "ll" : dataset->inferencer.id;
    if (task.status == "complete") {
      auto metrics = read_metrics(folder.results(task.model, task.dataset), outcome.findings);
      if (metrics) {
        outcome.metrics = *std::move(metrics);
      } else {
        outcome.status = "failed";
        outcome.error = metrics.error().message;
      }
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
