// Shuts this process in, for good: what it loads or becomes afterwards reads what it is given and nothing else, writes nothing, starts
// nothing, and has no network. The kernel's Landlock for files, seccomp for system calls, rlimits for memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::sandbox {

struct Confinement {
  std::vector<std::string> readable;   // files and folders; what is missing is left out
  std::string scratch;                 // a folder that may be written (scratch.hpp); empty: none. Needs Landlock
  uint64_t scratch_bytes = 0;
  bool network = false;
  bool becomes_a_program = false;      // execve is left open
  uint64_t memory_bytes = 0;           // of address space; 0: no limit
};

/// What of it the kernel could give.
struct Confined {
  int landlock = 0;                    // its version; 0: files are not guarded, but for their size (nothing can be written)
};

/// From a process of one thread. An error: it is not confined, and must not go on.
Result<Confined> confine(const Confinement& wanted);

/// The version of Landlock that this kernel has; 0: none.
int landlock_version();

}  // namespace sextant::sandbox
