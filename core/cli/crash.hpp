// What is said, and exited with, when a plugin or Sextant itself crashes.
#pragma once

namespace sextant::cli {

/// From now on SIGSEGV and its like end the process with one sentence that names the plugin being called and exit code 70, not
/// with the signal. For all commands but `plugins probe`, whose parent wants to see the signal.
void catch_crashes();

}  // namespace sextant::cli
