// Requests of all tasks of a model, in waves: what it gets in one call. The next wave is prepared while it computes the one
// before, and what was sent need not be kept. Where a wave of first requests ends depends on the samples alone, so that a plan
// counts what a run computes: texts are shared within a wave (docs/adr/0011-requests-go-in-waves.md). What follows upon a
// wave's answers (the next turns of its conversations) is a wave of its own, in the order of the samples. Threads: next()
// [owner], the others [any].
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>
#include "board.hpp"
#include "content_key.hpp"
#include "model_session.hpp"

namespace sextant::serve {

struct Wave {
  std::vector<const data::Request*> requests;   // they stay with their attempts until these are answered
  std::vector<Place> places;                    // where the response of each belongs
  uint64_t bytes = 0;                           // of the requests' texts
};

class Waves {
 public:
  /// `tasks` are filled in as they are prepared; `done(i)` is called when tasks[i] has been, or could not be. `cancelled`:
  /// asked often.
  Waves(ModelSession& session, KeyBase keys, Board& board, std::deque<Task>& tasks, std::function<bool()> cancelled,
        std::function<void(size_t task)> done, std::function<void(size_t task, Task::State)> settled);
  /// The next wave; nothing at the end or where it was cancelled. Waits for answers that something more may follow upon.
  std::optional<Wave> next();
  /// An attempt has more to ask, and the answers of its round have come.
  void again(const Place& place);
  /// All answers of a wave have been taken, or it ended without them.
  void over();
  /// Nobody will answer any more: next() ends.
  void stop();

 private:
  Result<void> open_task(Task& task);
  void open_tasks();
  Result<bool> fill(size_t task, Wave& wave);
  void take_back(size_t task, Wave& wave);
  void end_tasks();
  Result<void> ask(size_t task, size_t attempt, Task::State state, Wave& wave);
  Result<std::optional<data::Response>> answer_here(const data::Request& request);
  Result<void> complete(data::Request& request, size_t task, size_t attempt);
  std::optional<Wave> next_turns();
  std::optional<Wave> first_turns();

  ModelSession& session_;
  const KeyBase keys_;
  Board& board_;
  std::deque<Task>& tasks_;
  const std::function<bool()> cancelled_;
  const std::function<void(size_t)> done_;
  const std::function<void(size_t, Task::State)> settled_;
  size_t task_ = 0, waves_ = 0;                 // task_: the first of those that are open
  std::vector<std::optional<Result<void>>> ended_;  // of each open task: whether it could be prepared; empty: none is open
  std::mutex mutex_;                            // for what follows
  std::condition_variable changed_;
  std::vector<Place> ready_;                    // have more to ask; of waves that are not over
  std::deque<std::vector<Place>> turns_;        // the same of waves that are
  size_t at_work_ = 0;                          // waves that were given out and are not over
  bool stopped_ = false;
};

}  // namespace sextant::serve
