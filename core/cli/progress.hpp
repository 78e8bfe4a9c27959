// How far a run is: on a terminal a line that is redrawn a few times a second, elsewhere a line of the log every minute.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include "../serve/run_tasks.hpp"

namespace sextant::cli {

class ProgressLine {
 public:
  enum class Show { nothing, line, heartbeat };
  using Clock = std::chrono::steady_clock;
  /// `beat`: the time between two lines of a log. They come whether or not there is progress: a log that says nothing looks
  /// like a run that is stuck.
  ProgressLine(std::string model, Show show, Clock::duration beat = std::chrono::minutes(1));
  ~ProgressLine();
  void update(const serve::Progress& progress);   // [any]
  /// "model: 12/50 samples, 1234 tokens/s, 0:05 left, ceval-law"
  static std::string text(const std::string& model, const serve::Progress& progress, double elapsed_s);

 private:
  std::string text_now() const;                   // with the mutex held
  void beat_on(Clock::duration beat);
  std::string model_;
  Show show_;
  Clock::time_point start_ = Clock::now(), drawn_{};
  std::mutex mutex_;
  std::condition_variable ends_;
  serve::Progress latest_;
  std::string dataset_;                           // what latest_ names
  bool ended_ = false;
  std::thread heart_;
};

bool stderr_is_terminal();

}  // namespace sextant::cli
