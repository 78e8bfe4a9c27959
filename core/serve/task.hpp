// One stage of one model on its way through a run: attempts as they are begun, answers as they come, and what is kept of them.
// It is prepared by one thread and answered by another, so every function locks. Threads: [any].
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>
#include "../infer/inferencer.hpp"
#include "../store/run_folder.hpp"
#include "../store/task_log.hpp"
#include "feed.hpp"

namespace sextant::serve {

/// What becomes of a task's attempts. An Error leaves the task incomplete. Threads: one at a time.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  /// One is over, the others in whatever order. `number`: its place among all, row by row, then repeat by repeat.
  virtual Result<void> add(uint64_t number, data::Attempt attempt) = 0;
  /// All have been added.
  virtual Result<void> finish() { return {}; }
};

/// What a task is made of.
struct TaskSpec {
  std::string name;                       // of its files: "ceval-law"
  std::string model;                      // the abbr
  std::string stage;                      // the id of its stage in the graph
  std::unique_ptr<Feed> feed;
  std::unique_ptr<infer::Inferencer> inferencer;
  infer::Settings settings;
  uint32_t repeats = 1;
  std::unique_ptr<AttemptSink> sink;      // null: nothing is kept (a plan)
};

/// Where a request belongs.
struct Place {
  size_t task = 0, attempt = 0, request = 0;
};

class Task {
 public:
  /// `folder` null: nothing is written (a plan).
  Task(TaskSpec spec, const store::RunFolder* folder);
  const TaskSpec& spec() const { return spec_; }
  Feed& feed() { return *spec_.feed; }

  // ---- while it is prepared, in this order: add and add_failed for each row, then prepared or refuse ----
  /// Takes an attempt in; its number.
  size_t add(std::shared_ptr<const Prepared> question, uint32_t repeat);
  void add_failed(uint64_t row, Error error);
  void prepared();
  /// The task as a whole cannot be run.
  void refuse(const Error& error);

  // ---- asking and answering ----
  enum class State {
    waiting,  // for answers
    again,    // there is more to ask: begin() gives it
    done,
    failed,
    later,    // not computed, so that a resumed run asks again
  };
  /// The first step of an attempt.
  State start(size_t attempt);
  /// The requests of the round that is to be asked, without keys; each must be answered. They stay where they are until it is
  /// over.
  std::vector<data::Request>& begin(size_t attempt);
  const data::SampleId& id(size_t attempt) const;
  uint32_t next_turn(size_t attempt);
  /// Takes one answer; the last one of a round makes the next step.
  /// `known`: the journal had it.
  State answer(const Place& place, data::Response response, bool known = false);
  /// A request could not even be asked.
  State fail(size_t attempt, Error error);
  /// A plan has counted what the attempt asks; nobody will answer.
  void forget(size_t attempt);
  /// True once, when all is prepared and answered: close() is due.
  bool take_done();
  /// Decides on the status, and finishes the sink of a complete task. `whole`: what ended the run before its time, or null.
  Result<void> close(const Error* whole);

  struct Counts { uint64_t samples = 0, settled = 0; };  // settled: needs no answer of the model any more
  Counts counts() const;
  /// What is known of it so far, "planned" where it could be prepared.
  store::TaskRecord plan() const;
  /// After close(), by one thread at a time.
  store::TaskRecord& record() { return record_; }

 private:
  struct Running {
    size_t number = 0;
    data::SampleId id;
    std::shared_ptr<const Prepared> question;
    std::vector<infer::Round> rounds;     // over
    infer::Round open;                    // being answered
    size_t waiting = 0;                   // answers that the open round lacks
    uint32_t turns = 0;                   // requests so far
    std::vector<data::Request> next;      // what is to be asked
    std::optional<Error> failed;          // a request of the open round
    data::Usage usage;
    size_t known = 0, asked = 0;          // answers that the journal had, and others
  };
  struct Failure {
    uint64_t row = 0;
    uint32_t repeat = 0;
    Error error;
  };
  State step(std::unique_lock<std::mutex>& lock, Running& running);
  State end(Running& running, std::optional<Error> failed);
  Result<void> keep(uint64_t number, data::Attempt attempt);
  void log(const std::string& line);
  void note_failure(Failure failure);
  void decide(const Error* whole);
  void write_log();

  TaskSpec spec_;
  const store::RunFolder* folder_;
  mutable std::mutex mutex_;
  store::TaskRecord record_;
  std::optional<store::TaskLog> log_;
  std::vector<std::unique_ptr<Running>> attempts_;   // null: over
  std::mutex sink_mutex_;                            // for spec_.sink
  std::optional<Error> unkept_;                      // what the sink could not take
  std::optional<Failure> first_failure_;             // by row, then repeat
  size_t pending_ = 0;                    // attempts that are not over
  uint64_t reused_ = 0;                   // attempts whose answers the journal had
  bool prepared_ = false, done_ = false;
};

}  // namespace sextant::serve
