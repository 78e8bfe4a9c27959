#include "stage.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../store/task_log.hpp"
#include "evaluate.hpp"

namespace sextant::score {
namespace {

Result<void> score_predictions(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                               const store::RunFolder& folder, store::TaskRecord& record) {
  SXT_TRY(const auto predictions, store::read_predictions(folder.predictions(record.model, record.dataset)));
  SXT_TRY(const Evaluated evaluated, evaluate(host, dataset, run.compat, predictions));
  SXT_CHECK(write_file(folder.results(record.model, record.dataset), to_json(evaluated, run.dump_eval_details) + "\n"));
  record.results_sha256 = evaluated.results_sha256;
  store::TaskLog log(folder.eval_log(record.model, record.dataset));
  for (const auto& [name, value] : evaluated.metrics) log.line(fmt::format("{} = {}", name, value));
  return {};
}

}  // namespace

void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record) {
  const auto dataset = std::find_if(run.datasets.begin(), run.datasets.end(), [&](const auto& d) { return d.task_name == record.dataset; });
  if (dataset == run.datasets.end()) return;
  const auto start = std::chrono::steady_clock::now();
  const auto done = score_predictions(host, run, *dataset, folder, record);
  record.eval_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (done) return;
  record.status = "failed";
  record.error = done.error().message;
  record.error_kind = done.error().kind;
  store::TaskLog(folder.eval_log(record.model, record.dataset)).line("error: " + done.error().message);
}

void score_all(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, std::vector<store::TaskRecord>& records) {
  for (store::TaskRecord& record : records)
    if (record.status == "complete") score_task(host, run, folder, record);
}

}  // namespace sextant::score
