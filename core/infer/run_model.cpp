#include "run_model.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <mutex>
#include <sys/resource.h>
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "answers.hpp"
#include "../store/task_log.hpp"
#include "version.hpp"

namespace sextant::infer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

uint64_t peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

struct Failure {
  uint64_t index = 0;
  Error error;
};

// One data set on its way: what is known before the model answers, and what came back.
struct TaskState {
  const config::DatasetConfig* dataset = nullptr;
  std::optional<store::Journal> journal;
  std::vector<store::Sample> samples;
  std::vector<Failure> failures;
  size_t pending = 0;             // samples that the model still owes
  uint64_t reused = 0;            // finished by an earlier run
  store::TaskRecord record;
  std::optional<store::TaskLog> log;
};

struct Work {                     // where the result of request i belongs
  size_t task = 0, sample = 0;
};

struct Batch {
  std::vector<TaskState> tasks;
  std::vector<plugin::Request> requests;
  std::vector<Work> work;
};

void set_failed(store::TaskRecord& record, const Error& error) {
  record.status = error.kind == Error::Kind::missing ? "missing" : error.kind == Error::Kind::cancelled ? "incomplete" : "failed";
  record.error = error.message;
  record.error_kind = error.kind;
}

// The error that decides a task's exit code is that of its first failed sample.
void close_task(TaskState& task, const Error* whole) {
  store::TaskRecord& record = task.record;
  if (!record.status.empty()) return;
  std::sort(task.failures.begin(), task.failures.end(), [](const Failure& a, const Failure& b) { return a.index < b.index; });
  record.samples_failed = task.failures.size();
  if (!task.failures.empty()) {
    const Failure& first = task.failures.front();
    const bool cancelled = first.error.kind == Error::Kind::cancelled;
    record.status = cancelled ? "incomplete" : "failed";
    record.error = cancelled ? fmt::format("{} of {} samples were not computed", task.failures.size(), task.samples.size())
                             : fmt::format("{} of {} samples failed; the first is sample {}: {}", task.failures.size(), task.samples.size(),
                                           first.index, first.error.message);
    record.error_kind = first.error.kind;
  } else if (task.pending > 0) {
    record.status = "incomplete";
    record.error = whole ? whole->message : fmt::format("{} of {} samples were not computed", task.pending, task.samples.size());
    record.error_kind = whole ? whole->kind : Error::Kind::cancelled;
  } else {
    record.status = "complete";
  }
  if (task.log) {
    task.log->line(fmt::format("{}: {} samples, {} from the journal, {} prompt tokens, {} computed, {} generated", record.status, task.samples.size(),
                               task.reused, record.prompt_tokens, record.computed_tokens, record.generated_tokens));
    for (const Failure& failure : task.failures) task.log->line(fmt::format("sample {}: {}", failure.index, failure.error.message));
    if (!record.error.empty()) task.log->line("error: " + record.error);
  }
}

void count(store::TaskRecord& record, const store::Sample& sample) {
  record.prompt_tokens += sample.prompt_tokens;
  record.computed_tokens += sample.computed_tokens;
  record.generated_tokens += sample.generated_tokens;
  record.truncated_prompts += sample.truncated_tokens > 0;
  record.dropped_shots += sample.dropped_shots;
}

// Prepares one data set; what the journal already holds needs no request.
Result<void> prepare_task(plugin::Host& host, ModelSession& session, const ModelJob& job, size_t index, Batch& batch, Answers& earlier) {
  TaskState& task = batch.tasks[index];
  const config::DatasetConfig& dataset = *task.dataset;
  SXT_TRY(const plan::TaskData data, plan::load_data(host, dataset, *job.run));
  SXT_TRY(plugin::Template renderer, make_template(host, dataset, job.run->compat));
  if (job.folder) {
    task.log.emplace(job.folder->infer_log(session.config().abbr, dataset.task_name));
    SXT_TRY(task.journal, store::Journal::open(job.folder->journal(session.config().abbr, dataset.task_name)));
  }
  Preparer preparer(session, renderer, dataset, *job.run, code_version(host, session.config()));
  for (const plan::Row& row : data.rows) {
    if (job.cancelled && job.cancelled->load()) return Error{Error::Kind::cancelled, "interrupted"};
    auto prepared = preparer.prepare(data, row);
    if (!prepared) {
      // an error of the configuration is every row's; one of the data is this row's
      if (prepared.error().kind == Error::Kind::config) return prepared.error();
      task.failures.push_back({row.index, prepared.error()});
      task.samples.push_back({});
      task.samples.back().index = row.index;
      continue;
    }
    const store::Sample* done = task.journal ? task.journal->find(prepared->sample.key) : nullptr;
    if (!done && job.cache) {
      if (const store::Sample* known = earlier.find(dataset.task_name, prepared->sample.key)) {
        SXT_CHECK(task.journal->append(*known));
        done = task.journal->find(prepared->sample.key);
      }
    }
    if (done) {
      ++task.reused;
      count(task.record, *done);
      // the answer is the journal's; what it is compared with is the data set's of today
      store::Sample sample = *done;
      sample.gold_json = std::move(prepared->sample.gold_json);
      sample.record_json = std::move(prepared->sample.record_json);
      task.samples.push_back(std::move(sample));
      continue;
    }
    batch.requests.push_back(std::move(prepared->request));
    batch.work.push_back({index, task.samples.size()});
    task.samples.push_back(std::move(prepared->sample));
    ++task.pending;
  }
  task.record.samples = data.rows.size();
  return {};
}

Result<Batch> prepare_all(plugin::Host& host, ModelSession& session, const ModelJob& job) {
  Batch batch;
  Answers earlier(job.cache && job.folder ? job.folder->path() : std::filesystem::path(), session.config().abbr);
  batch.tasks.resize(job.run->datasets.size());
  for (size_t i = 0; i < batch.tasks.size(); ++i) {
    TaskState& task = batch.tasks[i];
    task.dataset = &job.run->datasets[i];
    task.record.model = session.config().abbr;
    task.record.dataset = task.dataset->task_name;
    const size_t requests_before = batch.requests.size();
    const auto prepared = prepare_task(host, session, job, i, batch, earlier);
    if (prepared) continue;
    if (prepared.error().kind == Error::Kind::cancelled) return prepared.error();
    set_failed(task.record, prepared.error());
    if (job.folder && task.record.status == "failed") {
      if (!task.log) task.log.emplace(job.folder->infer_log(session.config().abbr, task.dataset->task_name));
      task.log->line("error: " + prepared.error().message);
    }
    batch.requests.resize(requests_before);
    batch.work.resize(requests_before);
    task.samples.clear();
    task.pending = 0;
  }
  return batch;
}

// Said before hours are spent on the others; which file is missing stands in each task's error.
void warn_about_missing(const std::vector<TaskState>& tasks) {
  std::vector<std::string> names;
  for (const TaskState& task : tasks)
    if (task.record.status == "missing") names.push_back(task.record.dataset);
  if (names.empty() || tasks.size() == 1) return;
  const size_t shown = std::min<size_t>(names.size(), 5), more = names.size() - shown;
  log_warning(fmt::format("{} of {} data sets are not there: {}{}", names.size(), tasks.size(),
                          fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", "),
                          more ? fmt::format(" and {} more", more) : ""));
}

// The label that wins: least mean negative log-probability, or greatest sum; the first one on ties.
void choose_label(store::Sample& sample, config::Method method) {
  const store::LabelScore* best = nullptr;
  for (const store::LabelScore& label : sample.labels)
    if (!best || (method == config::Method::ppl ? label.value < best->value : label.value > best->value)) best = &label;
  if (best) sample.prediction = best->label;
}

// Moves a result into its sample; an error where the backend's numbers make no sense.
Result<void> take(store::Sample& sample, const plugin::Request& request, config::Method method, const plugin::RequestResult& result) {
  sample.prompt_tokens = result.prompt_tokens;
  sample.computed_tokens = result.computed_tokens;
  sample.truncated_tokens = result.truncated_tokens;
  if (method == config::Method::gen) {
    sample.prediction = result.text;
    sample.generated_tokens = static_cast<uint32_t>(result.ids.size());
    sample.finish = result.finish == SXT_FINISH_EOS ? "eos" : result.finish == SXT_FINISH_STOP ? "stop" : "length";
    return {};
  }
  if (result.scores.size() != request.continuations.size())
    return Error{Error::Kind::internal, fmt::format("the backend scored {} of {} continuations", result.scores.size(), request.continuations.size())};
  for (size_t i = 0; i < result.scores.size(); ++i) {
    const plugin::Score& score = result.scores[i];
    store::LabelScore& label = sample.labels[i];
    const bool whole = method == config::Method::ppl;
    label.logprob = whole ? score.total_logprob : score.logprob;
    label.tokens = whole ? score.total_tokens : score.token_count;
    label.value = whole ? -label.logprob / std::max(1u, label.tokens) : label.logprob;
    if (!std::isfinite(label.value))
      return Error{Error::Kind::internal, fmt::format("the backend gave no finite log-probability for label '{}'", label.label)};
  }
  choose_label(sample, method);
  return {};
}

}  // namespace

std::string code_version(plugin::Host& host, const config::ModelConfig& model) {
  const auto found = host.registry().find(plugin::Kind::model, model.backend);
  return fmt::format("{}+{}", version, found ? found->file->sha256.substr(0, 12) : "");
}

Result<std::vector<store::TaskRecord>> run_model(plugin::Host& host, ModelSession& session, const ModelJob& job) {
  const auto start = Clock::now();
  SXT_TRY(Batch batch, prepare_all(host, session, job));
  warn_about_missing(batch.tasks);
  const std::string& abbr = session.config().abbr;

  std::optional<Error> stopped;    // nothing more can be kept
  Progress progress;
  for (const TaskState& task : batch.tasks) progress.samples_total += task.samples.size();
  progress.samples_done = progress.samples_total - batch.requests.size();
  const auto finish_if_done = [&](TaskState& task) -> Result<void> {
    if (task.pending > 0 || !task.record.status.empty()) return {};
    close_task(task, nullptr);
    if (task.record.status == "complete" && job.folder)
      SXT_CHECK(store::write_predictions(job.folder->predictions(abbr, task.dataset->task_name), task.samples,
                                         task.dataset->inferencer.method));
    task.samples = {};
    task.journal.reset();
    return {};
  };
  const auto stop = [&](const Error& error) {
    if (!stopped) stopped = error;
    if (job.cancelled) job.cancelled->store(true);
  };
  for (TaskState& task : batch.tasks)
    if (const auto finished = finish_if_done(task); !finished) stop(finished.error());

  std::mutex progress_mutex;
  host.on_progress([&](uint64_t done, uint64_t total) {
    const std::lock_guard lock(progress_mutex);
    progress.tokens_done = done;
    progress.tokens_total = total;
    if (job.progress) job.progress(progress);
  });
  Result<void> ran;
  if (!batch.requests.empty() && !stopped) {
    ran = session.model().run(batch.requests, [&](size_t i, plugin::RequestResult result) {
      TaskState& task = batch.tasks[batch.work[i].task];
      store::Sample& sample = task.samples[batch.work[i].sample];
      if (stopped) return;
      std::optional<Error> failed = result.error;
      if (!failed)
        if (const auto taken = take(sample, batch.requests[i], task.dataset->inferencer.method, result); !taken) failed = taken.error();
      if (failed && failed->kind == Error::Kind::cancelled) return;  // still pending: a resumed run computes it
      if (failed) {
        task.failures.push_back({sample.index, *failed});
      } else {
        if (const auto kept = task.journal->append(sample); !kept) return stop(kept.error());
        count(task.record, sample);
      }
      --task.pending;
      const std::lock_guard lock(progress_mutex);
      ++progress.samples_done;
      if (job.progress) job.progress(progress);
      if (const auto finished = finish_if_done(task); !finished) stop(finished.error());
    });
  }
  host.on_progress({});

  const Error* whole = stopped ? &*stopped : !ran ? &ran.error() : nullptr;
  // the time of the one call is shared out by the tokens that each task made it compute
  const double elapsed = seconds_since(start);
  uint64_t tokens = 0;
  for (const TaskState& task : batch.tasks) tokens += task.record.computed_tokens + task.record.generated_tokens;
  std::vector<store::TaskRecord> records;
  for (TaskState& task : batch.tasks) {
    close_task(task, whole);
    store::TaskRecord& record = task.record;
    if (record.status != "missing") {
      record.infer_s = tokens ? elapsed * static_cast<double>(record.computed_tokens + record.generated_tokens) / static_cast<double>(tokens) : 0;
      record.peak_rss_bytes = peak_rss_bytes();
    }
    records.push_back(std::move(record));
  }
  return records;
}

Result<json::Document> plan_model(plugin::Host& host, ModelSession& session, const config::RunConfig& run,
                                  std::vector<store::TaskRecord>& ret_tasks) {
  ModelJob job;
  job.run = &run;
  SXT_TRY(Batch batch, prepare_all(host, session, job));
  for (TaskState& task : batch.tasks) {
    if (task.record.status.empty()) task.record.status = task.failures.empty() ? "planned" : "failed";
    if (!task.failures.empty()) {
      task.record.samples_failed = task.failures.size();
      task.record.error = fmt::format("sample {}: {}", task.failures.front().index, task.failures.front().error.message);
      task.record.error_kind = task.failures.front().error.kind;
    }
    ret_tasks.push_back(std::move(task.record));
  }
  return session.model().plan(batch.requests);
}

}  // namespace sextant::infer
