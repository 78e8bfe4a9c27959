#include "log.hpp"
#include <cstdio>
#include <mutex>
#include <set>
#include <unistd.h>
#include <sextant/printable.hpp>

namespace sextant {
namespace {

struct State {
  std::mutex mutex;
  LogLevel threshold = LogLevel::info;
  std::function<void(LogLevel, std::string_view)> tap;
  std::string progress;
};
State& state() {
  static State instance;
  return instance;
}

void write_stderr(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

void log(LogLevel level, std::string_view given) {
  const std::string line = printable(given);  // it may quote a model, a card, a file's name
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.tap) s.tap(level, line);
  if (level < s.threshold) return;
  std::string text;
  if (!s.progress.empty()) text += "\r\x1b[K";
  text += level == LogLevel::error ? "sextant: error: " : level == LogLevel::warning ? "sextant: warning: " : "sextant: ";
  text += line;
  text += '\n';
  text += s.progress;
  write_stderr(text);
}

void log_warning_once(std::string_view line) {
  static std::set<size_t> said;  // hashes: a sentence is not kept for this
  {
    const std::lock_guard lock(state().mutex);
    if (!said.insert(std::hash<std::string_view>()(line)).second) return;
  }
  log_warning(line);
}

void set_log_threshold(LogLevel level) { state().threshold = level; }

void set_log_tap(std::function<void(LogLevel, std::string_view)> tap) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.tap = std::move(tap);
}

void set_progress_line(std::string line) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (line.empty() && s.progress.empty()) return;
  line = printable(line);
  write_stderr("\r\x1b[K" + line);
  s.progress = std::move(line);
}

}  // namespace sextant
