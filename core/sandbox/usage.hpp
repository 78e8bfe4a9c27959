// What the processes of a sandbox take together, read from /proc. Threads: [owner].
#pragma once
#include <cstdint>
#include <map>
#include <utility>
#include <vector>
#include <sys/types.h>

namespace sextant::sandbox {

struct Usage {
  double cpu_s = 0;
  uint64_t resident_kb = 0;        // pages that processes share count for each of them
  uint64_t tasks = 0;
  std::vector<pid_t> processes;
};

/// The tree below one process: all that a PID namespace holds, where that is its init, since orphans become its children.
class ProcessTree {
 public:
  explicit ProcessTree(pid_t root) : root_(root) {}
  /// Processor time of those that have ended since is remembered, as far as it was seen.
  Usage look();
  /// Shared pages shared out: exact, and slow to read.
  static uint64_t proportional_kb(const Usage& usage);

 private:
  pid_t root_;
  std::map<std::pair<pid_t, uint64_t>, double> seen_;   // of a process, by its number and its start: its own seconds
};

}  // namespace sextant::sandbox
