// One data set on its way through a run: samples as they are prepared, answers as they come, and what is kept of them. It is
// prepared by one thread and answered by another, so every function locks. Threads: [any].
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>
#include "../plugin/components.hpp"
#include "../store/journal.hpp"
#include "../store/run_folder.hpp"
#include "../store/task_log.hpp"
#include "answers.hpp"

namespace sextant::infer {

class Task {
 public:
  /// `folder` null: nothing is written (a plan).
  Task(const config::DatasetConfig& dataset, const std::string& model, const store::RunFolder* folder);
  const config::DatasetConfig& dataset() const { return dataset_; }

  // ---- while it is prepared, in this order: open, add and add_failed for each row, then prepared or refuse ----
  Result<void> open();
  /// Takes a sample in. Its number, where the model is to answer it; nothing where the journal, or a run before (`earlier`, may
  /// be null), has done so.
  Result<std::optional<size_t>> add(store::Sample sample, Answers* earlier);
  void add_failed(uint64_t index, Error error);
  void prepared();
  /// The data set as a whole cannot be run.
  void refuse(const Error& error);

  // ---- answers ----
  enum class Kept { yes, failed, later };  // later: not computed, so that a resumed run asks again
  /// The journal has the sample when this returns. An error: nothing more can be kept.
  Result<Kept> answer(size_t sample, data::Response response);
  /// True once, when all is prepared and answered: close() is due.
  bool take_done();
  /// Decides on the status and writes the predictions of a complete task. `whole`: what ended the run before its time, or null.
  Result<void> close(const Error* whole);

  struct Counts { uint64_t samples = 0, settled = 0; };  // settled: needs no answer of the model
  Counts counts() const;
  /// Its data are not there. May be asked while record() is being written.
  bool missing() const;
  /// What is known of it so far, "planned" where it could be prepared.
  store::TaskRecord plan() const;
  /// After close(), by one thread at a time.
  store::TaskRecord& record() { return record_; }

 private:
  struct Failure {
    uint64_t index = 0;
    Error error;
  };
  void decide(const Error* whole);
  void count(const store::Sample& sample);
  void write_log();

  const config::DatasetConfig& dataset_;
  const store::RunFolder* folder_;
  mutable std::mutex mutex_;
  store::TaskRecord record_;
  std::optional<store::Journal> journal_;
  std::optional<store::TaskLog> log_;
  std::vector<store::Sample> samples_;
  std::vector<Failure> failures_;
  size_t pending_ = 0;                     // samples that the model still owes
  uint64_t reused_ = 0;                    // finished by an earlier run
  uint64_t unfit_ = 0;                     // could not be prepared
  bool prepared_ = false, done_ = false, missing_ = false;
};

}  // namespace sextant::infer
