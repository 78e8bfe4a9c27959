#include "progress.hpp"
#include <fmt/format.h>
#include <unistd.h>
#include "../base/log.hpp"

namespace sextant::cli {

ProgressLine::~ProgressLine() {
  if (enabled_) set_progress_line("");
}

void ProgressLine::update(const serve::Progress& progress) {
  if (!enabled_) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  if (now - drawn_ < std::chrono::milliseconds(200)) return;
  drawn_ = now;
  set_progress_line(text(model_, progress, std::chrono::duration<double>(now - start_).count()));
}

std::string ProgressLine::text(const std::string& model, const serve::Progress& progress, double elapsed_s) {
  std::string line = fmt::format("{}: {}/{} samples", model, progress.samples_done, progress.samples_total);
  if (progress.tokens_done > 0 && elapsed_s > 0) {
    const double rate = static_cast<double>(progress.tokens_done) / elapsed_s;
    line += fmt::format(", {:.0f} tokens/s", rate);
    if (progress.tokens_total > progress.tokens_done) {
      const auto left = static_cast<uint64_t>(static_cast<double>(progress.tokens_total - progress.tokens_done) / rate);
      line += left >= 3600 ? fmt::format(", {}:{:02}:{:02} left", left / 3600, left / 60 % 60, left % 60)
                           : fmt::format(", {}:{:02} left", left / 60, left % 60);
    }
  }
  return line;
}

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

}  // namespace sextant::cli
