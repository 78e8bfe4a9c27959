// Requests of all data sets, in waves: what the model gets in one call. The next wave is prepared while it computes the one
// before, and what was sent need not be kept. Where a wave ends depends on the samples alone, so that a plan counts what a run
// computes: texts are shared within a wave (docs/adr/0011-requests-go-in-waves.md). Threads: [owner].
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>
#include "run_model.hpp"
#include "task.hpp"

namespace sextant::infer {

struct Wave {
  struct Place { size_t task = 0, sample = 0; };
  std::vector<data::Request> requests;
  std::vector<Place> places;   // where the result of each request belongs
  uint64_t bytes = 0;          // of the requests' texts
  std::vector<const data::Request*> pointers() const;
};

class Waves {
 public:
  /// `tasks` are filled in as they are prepared; `done(i)` is called when tasks[i] has been, or could not be.
  Waves(plugin::Host& host, ModelSession& session, const ModelJob& job, std::deque<Task>& tasks, std::function<void(size_t)> done);
  ~Waves();
  /// The next wave, not empty; nothing after the last one, or once the run was cancelled. What is wrong with a task is said to it.
  std::optional<Wave> next();
  bool cancelled() const;

 private:
  struct Open;
  Result<void> open_task(Task& task);
  /// Prepares rows of the open task until it ends (true) or the wave is full.
  Result<bool> fill(Wave& wave);
  void end_task(const Result<void>& prepared);

  plugin::Host& host_;
  ModelSession& session_;
  const ModelJob& job_;
  std::deque<Task>& tasks_;
  const std::function<void(size_t)> done_;
  const std::string code_version_;
  Answers earlier_;
  std::unique_ptr<Open> open_;  // the task that rows are prepared of
  size_t task_ = 0, waves_ = 0;
};

}  // namespace sextant::infer
