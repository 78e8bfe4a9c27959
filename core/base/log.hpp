// What the program tells a person: to stderr, and to the log file of the task at hand. Threads: [any].
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace sextant {

enum class LogLevel { debug, info, warning, error };

/// Writes "sextant: warning: ..." to stderr where `level` is at least the threshold; every line also goes to the tap.
void log(LogLevel level, std::string_view line);
inline void log_debug(std::string_view line) { log(LogLevel::debug, line); }
inline void log_info(std::string_view line) { log(LogLevel::info, line); }
inline void log_warning(std::string_view line) { log(LogLevel::warning, line); }
inline void log_error(std::string_view line) { log(LogLevel::error, line); }
/// A warning that several stages come upon is said once by the process.
void log_warning_once(std::string_view line);

/// The least level that reaches stderr: info by default, warning with --quiet, debug with --debug.
void set_log_threshold(LogLevel level);

/// Also called with each line of every level, and its level; empty: none. A run sets it to its log files.
void set_log_tap(std::function<void(LogLevel, std::string_view)> tap);

/// A progress line on a terminal is wiped before a log line is written and redrawn by its owner; empty: none is shown.
void set_progress_line(std::string line);

}  // namespace sextant
