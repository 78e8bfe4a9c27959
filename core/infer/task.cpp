#include "task.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "prepare.hpp"
#include "take_result.hpp"

namespace sextant::infer {
namespace {

const char* status_of(Error::Kind kind) {
  return kind == Error::Kind::missing ? "missing" : kind == Error::Kind::cancelled ? "incomplete" : "failed";
}

}  // namespace

Task::Task(const config::DatasetConfig& dataset, const std::string& model, const store::RunFolder* folder)
    : dataset_(dataset), folder_(folder) {
  record_.model = model;
  record_.dataset = dataset.task_name;
}

Result<void> Task::open() {
  const std::lock_guard lock(mutex_);
  if (!folder_) return {};
  log_.emplace(folder_->infer_log(record_.model, record_.dataset));
  SXT_TRY(journal_, store::Journal::open(folder_->journal(record_.model, record_.dataset)));
  return {};
}

Result<std::optional<size_t>> Task::add(store::Sample sample, Answers* earlier) {
  const std::lock_guard lock(mutex_);
  ++record_.samples;
  const store::Sample* done = journal_ ? journal_->find(sample.key) : nullptr;
  if (!done && journal_ && earlier) {
    done = earlier->find(record_.dataset, sample.key);
    if (done) SXT_CHECK(journal_->append(*done));
  }
  if (!done) {
    ++pending_;
    samples_.push_back(std::move(sample));
    return std::optional<size_t>(samples_.size() - 1);
  }
  ++reused_;
  count(*done);
  // the answer is the journal's; what it is compared with is the data set's of today
  samples_.push_back(*done);
  samples_.back().gold_json = std::move(sample.gold_json);
  samples_.back().record_json = std::move(sample.record_json);
  return std::optional<size_t>();
}

void Task::add_failed(uint64_t index, Error error) {
  const std::lock_guard lock(mutex_);
  ++record_.samples;
  ++unfit_;
  failures_.push_back({index, std::move(error)});
  samples_.emplace_back().index = index;
}

void Task::prepared() {
  const std::lock_guard lock(mutex_);
  prepared_ = true;
  if (journal_) journal_->forget();
}

void Task::refuse(const Error& error) {
  const std::lock_guard lock(mutex_);
  record_.status = status_of(error.kind);
  missing_ = error.kind == Error::Kind::missing;
  record_.error = error.message;
  record_.error_kind = error.kind;
  record_.samples = reused_ = unfit_ = 0;
  if (!folder_ || record_.status != "failed") return;
  if (!log_) log_.emplace(folder_->infer_log(record_.model, record_.dataset));
  log_->line("error: " + error.message);
}

void Task::count(const store::Sample& sample) {
  record_.prompt_tokens += sample.prompt_tokens;
  record_.computed_tokens += sample.computed_tokens;
  record_.generated_tokens += sample.generated_tokens;
  record_.truncated_prompts += sample.truncated_tokens > 0;
  record_.dropped_shots += sample.dropped_shots;
}

Result<Task::Kept> Task::answer(size_t number, data::Response response) {
  const std::lock_guard lock(mutex_);
  store::Sample& sample = samples_[number];
  std::optional<Error> failed = response.error;
  if (!failed)
    if (const auto taken = take_result(sample, form_of(dataset_.inferencer), response); !taken) failed = taken.error();
  if (failed && failed->kind == Error::Kind::cancelled) return Kept::later;
  if (failed) {
    failures_.push_back({sample.index, *failed});
  } else {
    SXT_CHECK(journal_->append(sample));
    count(sample);
  }
  --pending_;
  return failed ? Kept::failed : Kept::yes;
}

bool Task::take_done() {
  const std::lock_guard lock(mutex_);
  if (done_ || !prepared_ || pending_ > 0) return false;
  return done_ = true;
}

// The error that decides a task's exit code is that of its first failed sample; but a task that was cut short is incomplete,
// whatever failed before: a resumed run gets to its end.
void Task::decide(const Error* whole) {
  std::sort(failures_.begin(), failures_.end(), [](const Failure& a, const Failure& b) { return a.index < b.index; });
  record_.samples_failed = failures_.size();
  const Failure* first = failures_.empty() ? nullptr : &failures_.front();
  const std::string failed = first ? fmt::format("{} of {} samples failed; the first is sample {}: {}", failures_.size(), samples_.size(),
                                                 first->index, first->error.message)
                                   : "";
  const bool cut_short = pending_ > 0 || !prepared_;
  if (cut_short && (whole || !first)) {
    record_.status = "incomplete";
    record_.error = whole ? whole->message : fmt::format("{} of {} samples were not computed", pending_, samples_.size());
    if (first) record_.error += "; " + failed;
    record_.error_kind = whole ? whole->kind : Error::Kind::cancelled;
  } else if (first) {
    record_.status = "failed";
    record_.error = failed;
    record_.error_kind = first->error.kind;
  } else {
    record_.status = "complete";
  }
}

void Task::write_log() {
  if (!log_) return;
  log_->line(fmt::format("{}: {} samples, {} from the journal, {} prompt tokens, {} computed, {} generated", record_.status, samples_.size(),
                         reused_, record_.prompt_tokens, record_.computed_tokens, record_.generated_tokens));
  for (const Failure& failure : failures_) log_->line(fmt::format("sample {}: {}", failure.index, failure.error.message));
  if (!record_.error.empty()) log_->line("error: " + record_.error);
}

Result<void> Task::close(const Error* whole) {
  const std::lock_guard lock(mutex_);
  if (record_.status.empty()) {
    decide(whole);
    write_log();
  }
  journal_.reset();
  const std::vector<store::Sample> samples = std::move(samples_);
  if (record_.status != "complete" || !folder_) return {};
  const auto written = store::write_predictions(folder_->predictions(record_.model, record_.dataset), samples, form_of(dataset_.inferencer));
  if (written) return {};
  record_.status = "incomplete";
  record_.error = written.error().message;
  record_.error_kind = written.error().kind;
  return written.error();
}

Task::Counts Task::counts() const {
  const std::lock_guard lock(mutex_);
  return {record_.samples, reused_ + unfit_};
}

bool Task::missing() const {
  const std::lock_guard lock(mutex_);
  return missing_;
}

store::TaskRecord Task::plan() const {
  const std::lock_guard lock(mutex_);
  store::TaskRecord record = record_;
  if (record.status.empty()) record.status = failures_.empty() ? "planned" : "failed";
  if (!failures_.empty()) {
    record.samples_failed = failures_.size();
    record.error = fmt::format("sample {}: {}", failures_.front().index, failures_.front().error.message);
    record.error_kind = failures_.front().error.kind;
  }
  return record;
}

}  // namespace sextant::infer
