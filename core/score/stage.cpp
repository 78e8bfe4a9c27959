#include "stage.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../store/task_log.hpp"
#include "components.hpp"

namespace sextant::score {
namespace {

// Scoring runs beside a model that computes; more threads would only take its cores.
constexpr unsigned threads_max = 4;

void write_log(store::TaskLog& log, const Scored& scored) {
  for (const data::Estimate& number : scored.numbers) log.line(fmt::format("{} = {}", number.metric, number.value));
  for (size_t i = 0; i < scored.attempts.size(); ++i)
    for (const Reading& reading : scored.readings[i])
      if (reading.error) log.line(fmt::format("sample {}, repeat {}: {}", scored.attempts[i].id.row, scored.attempts[i].id.repeat, reading.error->message));
}

Result<void> score_predictions(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                               const store::RunFolder& folder, store::TaskRecord& record) {
  SXT_TRY(auto attempts, store::read_predictions(folder.predictions(record.model, record.dataset), record.dataset));
  SXT_TRY(const auto facts, facts_of(host, dataset));
  if (const std::string isolated = isolated_component(host, dataset); !isolated.empty())
    log_debug(fmt::format("{} is scored in a process of its own, because {} is not of this installation; {} s an attempt", record.dataset,
                          isolated, dataset.attempt_limit_s));
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, threads_max);
  SXT_TRY(const Scored scored, score(dataset, std::move(attempts), facts, make_reader(host, dataset, run.compat), threads));
  SXT_CHECK(write_file(folder.samples(record.model, record.dataset), samples_of(scored, record.dataset)));
  SXT_CHECK(write_file(folder.results(record.model, record.dataset), to_json(scored, run.dump_eval_details) + "\n"));
  store::TaskLog log(folder.eval_log(record.model, record.dataset));
  write_log(log, scored);
  record.results_sha256 = scored.results_sha256;
  record.samples_failed = scored.failed;
  if (scored.error) return *scored.error;
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
