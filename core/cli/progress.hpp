// The progress line of a run: on a terminal only, redrawn a few times a second.
#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include "../serve/run_tasks.hpp"

namespace sextant::cli {

class ProgressLine {
 public:
  ProgressLine(std::string model, bool enabled) : model_(std::move(model)), enabled_(enabled), start_(Clock::now()) {}
  ~ProgressLine();
  void update(const serve::Progress& progress);   // [any]
  /// "model: 12/50 samples, 1,234 tokens/s, 0:05 left"
  static std::string text(const std::string& model, const serve::Progress& progress, double elapsed_s);

 private:
  using Clock = std::chrono::steady_clock;
  std::string model_;
  bool enabled_;
  Clock::time_point start_, drawn_{};
  std::mutex mutex_;
};

/// Colours and progress only on a terminal; NO_COLOR (set and not empty) turns colours off.
bool stderr_is_terminal();

}  // namespace sextant::cli
