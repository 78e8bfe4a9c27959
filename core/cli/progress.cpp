#include "progress.hpp"
#include <fmt/format.h>
#include <unistd.h>
#include "../base/log.hpp"

namespace sextant::cli {
namespace {

std::string duration_text(double seconds) {
  const auto s = static_cast<uint64_t>(seconds);
  return s >= 3600 ? fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60) : fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace

ProgressLine::ProgressLine(std::string model, Show show, Clock::duration beat) : model_(std::move(model)), show_(show) {
  if (show_ == Show::heartbeat) heart_ = std::thread([this, beat] { beat_on(beat); });
}

ProgressLine::~ProgressLine() {
  if (show_ == Show::line) set_progress_line("");
  if (!heart_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ends_.notify_all();
  heart_.join();
}

void ProgressLine::beat_on(Clock::duration beat) {
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, beat, [this] { return ended_; })) log_info(text_now());
}

std::string ProgressLine::text_now() const {
  return text(model_, latest_, std::chrono::duration<double>(Clock::now() - start_).count());
}

void ProgressLine::update(const serve::Progress& progress) {
  if (show_ == Show::nothing) return;
  const std::lock_guard lock(mutex_);
  if (progress.dataset != dataset_) dataset_ = progress.dataset;
  latest_ = progress;
  latest_.dataset = dataset_;  // its owner may be gone when the next line is written
  const auto now = Clock::now();
  if (show_ == Show::heartbeat || now - drawn_ < std::chrono::milliseconds(200)) return;
  drawn_ = now;
  set_progress_line(text_now());
}

std::string ProgressLine::text(const std::string& model, const serve::Progress& progress, double elapsed_s) {
  std::string line = fmt::format("{}: {}/{} samples", model, progress.samples_done, progress.samples_total);
  if (progress.tokens_done > 0 && elapsed_s > 0) {
    const double rate = static_cast<double>(progress.tokens_done) / elapsed_s;
    line += fmt::format(", {:.0f} tokens/s", rate);
    if (progress.tokens_total > progress.tokens_done)
      line += fmt::format(", {} left", duration_text(static_cast<double>(progress.tokens_total - progress.tokens_done) / rate));
  } else if (progress.samples_computed > 0 && elapsed_s > 0) {  // a backend that counts no tokens
    const double rate = static_cast<double>(progress.samples_computed) / elapsed_s;
    line += fmt::format(", {:.3g} samples/s", rate);
    if (progress.samples_total > progress.samples_done)
      line +=
          fmt::format(", {} left", duration_text(static_cast<double>(progress.samples_total - progress.samples_done) / rate));
  }
  if (!progress.dataset.empty()) line += fmt::format(", {}", progress.dataset);
  return line;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace sextant::cli
