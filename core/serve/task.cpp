#include "task.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/log.hpp"
#include "../data/thinking.hpp"
#include "sent.hpp"

namespace sextant::serve {
namespace {

const char* status_of(Error::Kind kind) {
  return kind == Error::Kind::missing ? "missing" : kind == Error::Kind::cancelled ? "incomplete" : "failed";
}

// The narrowest choice of all that was generated; nothing where a reply was drawn, or says none (an older journal's).
std::optional<data::Margin> margin_of(const std::vector<infer::Round>& rounds) {
  std::optional<data::Margin> out;
  uint32_t number = 0;
  for (const infer::Round& round : rounds)
    for (size_t i = 0; i < round.asked.size(); ++i, ++number) {
      if (round.asked[i].ask != data::Ask::generate) continue;
      const std::optional<data::Margin>& margin = round.answers[i].margin;
      if (!margin) return std::nullopt;
      if (out && !(margin->least < out->least)) continue;
      out = margin;
      out->request = number;
    }
  return out;
}

data::Attempt attempt_of(const data::SampleId& id, const Prepared& question, const std::vector<infer::Round>& rounds,
                         infer::Outcome outcome, const data::Usage& usage) {
  data::Attempt attempt;
  attempt.id = id;
  attempt.record_json = question.sample.record_json;
  attempt.target_json = question.sample.target_json;
  attempt.cluster = question.sample.cluster;
  attempt.prompts = question.prompts.prompts;
  attempt.dropped_shots = question.dropped_shots;
  attempt.turns = std::move(outcome.turns);
  attempt.prediction = std::move(outcome.prediction);
  attempt.thinking = std::move(outcome.thinking);
  attempt.labels = std::move(outcome.labels);
  attempt.extra_json = std::move(outcome.extra_json);
  if (!rounds.empty() && rounds.front().asked.size() > 0 && attempt.prompts.size() == 1) {
    const data::Request& first = rounds.front().asked.front();
    attempt.prompts.front() = sent_prompt(attempt.prompts.front(), first);
    note_tools(attempt.extra_json, first.tools_json);
  }
  data::note_opened_thinking(attempt);
  attempt.finish = std::move(outcome.finish);
  attempt.margin = margin_of(rounds);
  attempt.embedding = std::move(outcome.embedding);
  attempt.shots = question.sample.shots;
  attempt.usage = usage;
  return attempt;
}

}  // namespace

Task::Task(TaskSpec spec, const store::RunFolder* folder) : spec_(std::move(spec)), folder_(folder) {
  record_.model = spec_.model;
  record_.dataset = spec_.name;
}

size_t Task::add(std::shared_ptr<const Prepared> question, uint32_t repeat) {
  const std::lock_guard lock(mutex_);
  auto running = std::make_unique<Running>();
  running->id = question->sample.id;
  running->id.repeat = repeat;
  running->number = attempts_.size();
  running->question = std::move(question);
  ++record_.samples;
  ++pending_;
  attempts_.push_back(std::move(running));
  return attempts_.size() - 1;
}

void Task::add_failed(uint64_t row, Error error) {
  const std::lock_guard lock(mutex_);
  record_.samples += spec_.repeats;
  note_failure({row, 0, std::move(error)});
}

// Its rows are not needed any more.
void Task::prepared() {
  const std::lock_guard lock(mutex_);
  prepared_ = true;
  spec_.feed.reset();
}

void Task::note_failure(Failure failure) {
  if (!record_.status.empty()) return;  // it was refused as a whole
  ++record_.samples_failed;
  if (folder_) log(fmt::format("sample {}: {}", failure.row, failure.error.message));
  if (!first_failure_ || std::pair(failure.row, failure.repeat) < std::pair(first_failure_->row, first_failure_->repeat))
    first_failure_ = std::move(failure);
}

void Task::log(const std::string& line) {
  if (!log_) log_.emplace(folder_->infer_log(record_.model, record_.dataset));
  log_->line(line);
}

void Task::refuse(const Error& error) {
  const std::lock_guard lock(mutex_);
  record_.status = status_of(error.kind);
  record_.error = error.message;
  record_.error_kind = error.kind;
  record_.samples = record_.samples_failed = 0;
  first_failure_.reset();
  spec_.feed.reset();
  if (folder_ && record_.status == "failed") log("error: " + error.message);
}

Task::State Task::start(size_t attempt) {
  std::unique_lock lock(mutex_);
  return step(lock, *attempts_[attempt]);
}

std::vector<data::Request>& Task::begin(size_t attempt) {
  const std::lock_guard lock(mutex_);
  Running& running = *attempts_[attempt];
  running.open.asked = std::move(running.next);
  running.next.clear();
  running.open.answers.assign(running.open.asked.size(), {});
  running.waiting = running.open.asked.size();
  return running.open.asked;
}

const data::SampleId& Task::id(size_t attempt) const {
  const std::lock_guard lock(mutex_);
  return attempts_[attempt]->id;
}

uint32_t Task::next_turn(size_t attempt) {
  const std::lock_guard lock(mutex_);
  return attempts_[attempt]->turns++;
}

Result<void> Task::keep(uint64_t number, data::Attempt attempt) {
  if (!spec_.sink) return {};
  const std::lock_guard lock(sink_mutex_);
  return spec_.sink->add(number, std::move(attempt));
}

// Whoever prepares others need not wait until an attempt has been put down: it is over only then, and nobody else looks at it
// before.
Task::State Task::step(std::unique_lock<std::mutex>& lock, Running& running) {
  const Prepared& question = *running.question;
  std::optional<data::Sample> repeated;  // the row is copied only where the sample has another id
  if (running.id.repeat > 0) {
    repeated = question.sample;
    repeated->id = running.id;
  }
  auto made =
      spec_.inferencer->step({repeated ? *repeated : question.sample, question.prompts, spec_.settings}, running.rounds);
  if (!made) return end(running, made.error());
  if (!made->done && made->ask.empty())
    return end(running, Error{Error::Kind::internal, "the inferencer neither asks nor ends; report it to its author"});
  if (made->done) {
    data::Attempt attempt = attempt_of(running.id, question, running.rounds, *std::move(made->done), running.usage);
    lock.unlock();
    const auto kept = keep(running.number, std::move(attempt));
    lock.lock();
    if (!kept && !unkept_) unkept_ = kept.error();
    return end(running, std::nullopt);
  }
  running.next = std::move(made->ask);
  return State::again;
}

// Nothing of an attempt is needed any more once it is over.
Task::State Task::end(Running& running, std::optional<Error> failed) {
  record_.prompt_tokens += running.usage.prompt_tokens;
  record_.computed_tokens += running.usage.computed_tokens;
  record_.generated_tokens += running.usage.generated_tokens;
  record_.truncated_prompts += running.usage.truncated_tokens > 0;
  record_.dropped_shots += running.question->dropped_shots;
  record_.own_examples += running.question->own_example;
  reused_ += running.known > 0 && running.asked == 0;
  if (failed) note_failure({running.id.row, running.id.repeat, *failed});
  attempts_[running.number].reset();
  --pending_;
  return failed ? State::failed : State::done;
}

Task::State Task::answer(const Place& place, data::Response response, bool known) {
  std::unique_lock lock(mutex_);
  if (!attempts_[place.attempt]) return State::waiting;  // it failed while it was asked
  Running& running = *attempts_[place.attempt];
  if (response.error && response.error->kind == Error::Kind::cancelled) return State::later;
  if (response.error && !running.failed) running.failed = response.error;
  running.usage += response.usage;
  ++(known ? running.known : running.asked);
  running.open.answers[place.request] = std::move(response);
  if (--running.waiting > 0) return State::waiting;
  if (running.failed) return end(running, running.failed);
  running.rounds.push_back(std::move(running.open));
  running.open = {};
  return step(lock, running);
}

Task::State Task::fail(size_t attempt, Error error) {
  const std::lock_guard lock(mutex_);
  return attempts_[attempt] ? end(*attempts_[attempt], std::move(error)) : State::failed;
}

void Task::forget(size_t attempt) {
  const std::lock_guard lock(mutex_);
  attempts_[attempt].reset();
}

bool Task::take_done() {
  const std::lock_guard lock(mutex_);
  if (done_ || !prepared_ || pending_ > 0) return false;
  return done_ = true;
}

// The error that decides a task's exit code is that of its first failed sample; but a task that was cut short is incomplete,
// whatever failed before: a resumed run gets to its end.
void Task::decide(const Error* whole) {
  record_.samples_reused = reused_;
  const std::optional<Failure>& first = first_failure_;
  const std::string failed = first ? fmt::format("{} of {} samples failed; the first is sample {}: {}", record_.samples_failed,
                                                 record_.samples, first->row, first->error.message)
                                   : "";
  const bool cut_short = pending_ > 0 || !prepared_;
  if (cut_short && (whole || !first)) {
    record_.status = "incomplete";
    record_.error = whole ? whole->message : fmt::format("{} of {} samples were not computed", pending_, record_.samples);
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
  if (!folder_) return;
  log(fmt::format("{}: {} samples, {} from the journal, {} prompt tokens, {} computed, {} generated", record_.status,
                  record_.samples, reused_, record_.prompt_tokens, record_.computed_tokens, record_.generated_tokens));
  if (record_.own_examples > 0) {
    const std::string said = fmt::format("{} of {} samples were shown themselves among their examples, as the original does",
                                         record_.own_examples, record_.samples);
    log(said);
    log_warning(fmt::format("{}: {}", record_.dataset, said));
  }
  if (!record_.error.empty()) log("error: " + record_.error);
}

Result<void> Task::close(const Error* whole) {
  const std::lock_guard lock(mutex_);
  if (record_.status.empty()) {
    decide(whole);
    write_log();
  }
  attempts_.clear();
  const std::unique_ptr<AttemptSink> sink = std::move(spec_.sink);
  if (record_.status != "complete" || !sink) return {};
  const Result<void> kept = unkept_ ? Result<void>(*unkept_) : sink->finish();
  if (kept) return {};
  record_.status = "incomplete";
  record_.error = kept.error().message;
  record_.error_kind = kept.error().kind;
  return kept.error();
}

Task::Counts Task::counts() const {
  const std::lock_guard lock(mutex_);
  return {record_.samples, record_.samples - pending_};
}

store::TaskRecord Task::plan() const {
  const std::lock_guard lock(mutex_);
  store::TaskRecord record = record_;
  if (record.status.empty()) record.status = first_failure_ ? "failed" : "planned";
  if (first_failure_) {
    record.error = fmt::format("sample {}: {}", first_failure_->row, first_failure_->error.message);
    record.error_kind = first_failure_->error.kind;
  }
  return record;
}

}  // namespace sextant::serve
