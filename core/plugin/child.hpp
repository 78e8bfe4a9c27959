// Runs a program to its end or a limit and keeps what it printed. Private to core/plugin.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::plugin {

struct ChildOutcome {
  bool timed_out = false;    // then it and its process group were killed
  int exit_status = -1;      // of exit(), -1 where a signal ended it
  int signal = 0;
  std::string out, err;      // at most 16 MiB and 64 KiB are kept
};

/// stdin is empty; `arguments` without the program itself. An error: the program could not be started. Threads: [any].
Result<ChildOutcome> run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                               std::chrono::milliseconds limit);

}  // namespace sextant::plugin
