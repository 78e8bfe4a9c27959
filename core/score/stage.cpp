#include "stage.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <sextant/sha256.hpp>
#include "../base/files.hpp"
#include "../config/pairs.hpp"
#include "../store/task_log.hpp"
#include "judged.hpp"

namespace sextant::score {
namespace {

// The judge's numbers stand behind the metrics', under names of their own where both are there.
void add_judged(Scored& scored, Scored judged) {
  std::move(judged.findings.begin(), judged.findings.end(), std::back_inserter(scored.findings));
  for (data::Estimate& number : judged.numbers) {
    number.metric = "judge_" + number.metric;
    scored.numbers.push_back(std::move(number));
  }
  scored.results_sha256 = scored.results_sha256.empty() || judged.results_sha256.empty()
                              ? ""
                              : sha256_hex(scored.results_sha256 + judged.results_sha256);
  scored.suspicious = std::move(judged.suspicious);
  scored.failed += judged.failed;
  if (!scored.error) scored.error = std::move(judged.error);
}

Result<void> score_predictions(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                               const store::RunFolder& folder, store::TaskRecord& record, Arenas& arenas,
                               store::KeptAttempts* kept) {
  const store::TaskLog log(folder.eval_log(record.model, record.dataset));
  std::optional<Scored> scored;
  if (!dataset.metrics.empty() || !dataset.judge) {
    SXT_TRY(scored, score_attempts(host, run, dataset, folder, record.model, record.dataset, log, record.samples, kept));
  }
  if (dataset.judge) {
    SXT_TRY(Scored judged, dataset.judge->pairs
                                ? score_pairs(host, run, dataset, folder, log, record.model, arenas)
                                : score_judged(host, run, dataset, folder, log, record.model, scored ? &*scored : nullptr));
    if (scored) add_judged(*scored, std::move(judged));
    else scored = std::move(judged);
  }
  SXT_TRY(FileWriter file, FileWriter::open(folder.results(record.model, record.dataset)));
  SXT_CHECK(write_results(*scored, run.dump_eval_details, [&](std::string_view part) { return file.write(part); }));
  SXT_CHECK(file.commit());
  record.results_sha256 = scored->results_sha256;
  record.samples_failed = scored->failed;
  if (scored->error) return *scored->error;
  return {};
}

// What is written anew is held meanwhile; where it cannot be scored, no scores of an earlier time stay.
Result<void> score_kept(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                        const store::RunFolder& folder, store::TaskRecord& record, Arenas& arenas, store::Earlier* earlier,
                        store::KeptAttempts* kept) {
  if (!earlier) return score_predictions(host, run, dataset, folder, record, arenas, kept);
  std::vector<std::filesystem::path> files = {folder.results(record.model, record.dataset),
                                              folder.samples(record.model, record.dataset)};
  if (dataset.judge && !arenas.contains(dataset.task_name))     // else they have been written already
    for (const std::string& judge : config::all_judges_of(*dataset.judge))
      for (const std::string& name : config::judged_names(run, dataset, record.model))
        files.push_back(folder.samples(judge, store::judged_name(record.dataset, name)));
  for (const auto& file : files) SXT_CHECK(earlier->hold(file));
  const auto done = score_predictions(host, run, dataset, folder, record, arenas, kept);
  for (const auto& file : files) {
    const auto settled = earlier->settle(file);
    if (!settled && done) return settled.error();
  }
  return done;
}

}  // namespace

Result<std::vector<uint64_t>> failed_attempts(plugin::Host& host, const config::RunConfig& run,
                                              const config::DatasetConfig& dataset, const store::RunFolder& folder,
                                              const std::string& model) {
  const store::TaskLog log(folder.eval_log(model, dataset.task_name));
  SXT_TRY(const Scored scored, score_attempts(host, run, dataset, folder, model, dataset.task_name, log, 0));
  std::vector<uint64_t> out;
  for (uint64_t i = 0; i < scored.attempts; ++i)
    if (!(scored.columns.front().values[i] >= 1)) out.push_back(i);
  return out;
}

void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record,
                Arenas& arenas, store::Earlier* earlier, store::KeptAttempts* kept) {
  const config::DatasetConfig* dataset = config::find_dataset(run, record.dataset);
  if (!dataset) return;
  const auto start = std::chrono::steady_clock::now();
  record.results_sha256.clear();
  const auto done = score_kept(host, run, *dataset, folder, record, arenas, earlier, kept);
  record.eval_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  record.eval = record.status = done ? "complete" : done.error().kind == Error::Kind::cancelled ? "incomplete" : "failed";
  record.error = done ? "" : done.error().message;
  record.error_kind.reset();
  if (done) return;
  record.error_kind = done.error().kind;
  store::TaskLog(folder.eval_log(record.model, record.dataset)).line("error: " + done.error().message);
}

}  // namespace sextant::score
