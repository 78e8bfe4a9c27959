#include "stage.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>
#include <thread>
#include "../base/file_parts.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../config/pairs.hpp"
#include "../data/thinking.hpp"
#include "../store/task_log.hpp"
#include "arena.hpp"
#include "components.hpp"

namespace sextant::score {
namespace {

// Scoring runs while a model computes; more threads would only take its cores.
constexpr unsigned threads_max = 4;

// One model's attempts by the set's filters and metrics; their lines go to the samples file, and what went wrong to the log.
Result<Scored> score_attempts(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              const store::RunFolder& folder, const std::string& model, const std::string& task,
                              const store::TaskLog& log, const store::TaskRecord& record) {
  const auto path = folder.predictions(model, task);
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return Error{Error::Kind::cancelled,
                 fmt::format("{} is missing; the same command with -m all and -r writes it again", path.string())};
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(path, task));
  if (record.samples > 0 && predictions.size() < record.samples)
    return Error{
        Error::Kind::cancelled,
        fmt::format("{} holds {} of the {} attempts that were made; the same command with -m all and -r writes it again",
                    path.string(), predictions.size(), record.samples)};
  const Attempts attempts{predictions.size(), [&](uint64_t first, uint64_t n) { return predictions.read(first, n); }};
  SXT_TRY(const auto facts, facts_of(host, dataset));
  if (const std::string isolated = isolated_component(host, dataset); !isolated.empty())
    log_debug(fmt::format("{} is scored in a process of its own, because {} is not of this installation; {} s an attempt", task,
                          isolated, dataset.attempt_limit_s));
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, threads_max);
  const std::filesystem::path samples = folder.samples(model, task);
  SXT_TRY(Scored scored,
          score(dataset, attempts, facts, make_reader(host, dataset, run.compat), threads, samples.parent_path()));
  for (const data::Estimate& number : scored.numbers) log.line(fmt::format("{} = {}", number.metric, number.value));
  SXT_TRY(FileWriter file, FileWriter::open(samples));
  SXT_CHECK(write_samples(
      scored, [&](std::string_view part) { return file.write(part); },
      [&](const LineParts& attempt, const std::string& message) {
        log.line(fmt::format("sample {}, repeat {}: {}", attempt.row, attempt.repeat, message));
      }));
  SXT_CHECK(file.commit());
  return scored;
}

// What the judge's replies are scored by.
config::DatasetConfig judged_set(const config::DatasetConfig& dataset) {
  config::DatasetConfig out = dataset;
  out.filters = {{"none", dataset.judge->postprocessors}};
  out.metrics = dataset.judge->metrics;
  if (!dataset.judge->reference.empty()) out.reference_postprocessors.clear();
  out.repeats = 1;
  return out;
}

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
  scored.failed += judged.failed;
  if (!scored.error) scored.error = std::move(judged.error);
}

// What a judge said of one model's answers, each alone.
Result<Scored> score_judged(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                            const store::RunFolder& folder, const store::TaskLog& log, const store::TaskRecord& record) {
  SXT_TRY(Scored judged, score_attempts(host, run, judged_set(dataset), folder, dataset.judge->model,
                                        store::judged_name(record.dataset, record.model), log, record));
  // what the data or the examples lack is no matter of the judge's
  std::erase_if(judged.findings,
                [](const data::Finding& one) { return one.kind != "unparsed" && one.kind != "unclosed" && one.kind != "cut"; });
  for (data::Finding& one : judged.findings) one.judge = dataset.judge->model;
  return judged;
}

// Characters of a model's answers, attempt by attempt.
Result<std::vector<double>> lengths_of(const store::RunFolder& folder, const std::string& model, const std::string& task) {
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(folder.predictions(model, task), task));
  std::vector<double> out;
  for (uint64_t i = 0; i < predictions.size(); ++i) {
    SXT_TRY(const std::vector<data::Attempt> one, predictions.read(i, 1));
    out.push_back(static_cast<double>(utf8::length(data::thought_of(one.front()).answer)));
  }
  return out;
}

// A model's numbers among the others, of the verdicts on all pairs. Every model of the set comes to the same from the same
// files.
Result<Scored> score_pairs(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                           const store::RunFolder& folder, const store::TaskLog& log, const store::TaskRecord& record) {
  SXT_TRY(const auto pairs, config::pairs_of(run, dataset));
  const config::DatasetConfig verdicts = judged_set(dataset);
  std::vector<std::string> models;
  Lengths lengths;
  for (const config::ModelConfig& model : run.models) {
    models.push_back(model.abbr);
    SXT_TRY(std::vector<double> of_model, lengths_of(folder, model.abbr, record.dataset));
    lengths.push_back(std::move(of_model));
  }
  const auto place = [&](const std::string& model) {
    return static_cast<size_t>(std::find(models.begin(), models.end(), model) - models.begin());
  };
  std::optional<Scored> out;
  std::vector<PairVerdicts> read;
  std::string hashes;
  for (const auto& [first, second] : pairs) {
    const store::TaskRecord unknown;     // a judge has as many attempts as it has
    SXT_TRY(Scored scored, score_attempts(host, run, verdicts, folder, dataset.judge->model,
                                          store::judged_name(record.dataset, config::pair_name(first, second)), log, unknown));
    const std::vector<double>& values = scored.columns.front().values;
    const size_t rows = lengths[place(first)].size();
    if (values.size() != rows * (dataset.judge->both_orders ? 2 : 1))
      return Error{
          Error::Kind::cancelled,
          fmt::format("the judge has answered {} times on {} answers of {} and {}; the same command with -m all and -r goes on",
                      values.size(), rows, first, second)};
    PairVerdicts pair{place(first), place(second), {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rows)}, {}};
    for (size_t i = rows; i < values.size(); ++i) pair.swapped.push_back(1 - values[i]);
    read.push_back(std::move(pair));
    hashes += scored.results_sha256.empty() ? "failed" : scored.results_sha256;
    if (out) {
      out->failed += scored.failed;
      if (!out->error) out->error = std::move(scored.error);
    } else {
      out = std::move(scored);
    }
  }
  ArenaNumbers numbers = arena(models, read, lengths, record.dataset);
  out->numbers = std::move(numbers.of_model[place(record.model)]);
  for (data::Finding& finding : numbers.findings) finding.judge = dataset.judge->model;
  out->findings = std::move(numbers.findings);
  out->results_sha256 = hashes.find("failed") == hashes.npos ? sha256_hex(hashes) : "";
  return *std::move(out);
}

Result<void> score_predictions(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                               const store::RunFolder& folder, store::TaskRecord& record) {
  const store::TaskLog log(folder.eval_log(record.model, record.dataset));
  std::optional<Scored> scored;
  if (!dataset.metrics.empty() || !dataset.judge) {
    SXT_TRY(scored, score_attempts(host, run, dataset, folder, record.model, record.dataset, log, record));
  }
  if (dataset.judge) {
    SXT_TRY(Scored judged, dataset.judge->pairs ? score_pairs(host, run, dataset, folder, log, record)
                                                : score_judged(host, run, dataset, folder, log, record));
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
                        const store::RunFolder& folder, store::TaskRecord& record, store::Earlier* earlier) {
  if (!earlier) return score_predictions(host, run, dataset, folder, record);
  std::vector<std::filesystem::path> files = {folder.results(record.model, record.dataset),
                                              folder.samples(record.model, record.dataset)};
  if (dataset.judge)
    for (const std::string& name : config::judged_names(run, dataset, record.model))
      files.push_back(folder.samples(dataset.judge->model, store::judged_name(record.dataset, name)));
  for (const auto& file : files) SXT_CHECK(earlier->hold(file));
  const auto done = score_predictions(host, run, dataset, folder, record);
  for (const auto& file : files) {
    const auto settled = earlier->settle(file);
    if (!settled && done) return settled.error();
  }
  return done;
}

}  // namespace

void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record,
                store::Earlier* earlier) {
  const config::DatasetConfig* dataset = config::find_dataset(run, record.dataset);
  if (!dataset) return;
  const auto start = std::chrono::steady_clock::now();
  record.results_sha256.clear();
  const auto done = score_kept(host, run, *dataset, folder, record, earlier);
  record.eval_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  record.eval = record.status = done ? "complete" : done.error().kind == Error::Kind::cancelled ? "incomplete" : "failed";
  record.error = done ? "" : done.error().message;
  record.error_kind.reset();
  if (done) return;
  record.error_kind = done.error().kind;
  store::TaskLog(folder.eval_log(record.model, record.dataset)).line("error: " + done.error().message);
}

}  // namespace sextant::score
