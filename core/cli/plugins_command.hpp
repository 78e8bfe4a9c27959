// `sextant plugins list|info|describe|check|probe|run`: what plugins there are, what they can do, and one of them tried out.
#pragma once
#include <string>
#include <vector>

namespace sextant::cli {

/// `args` without "sextant plugins". Results go to stdout, messages to the log; the exit code comes back.
int plugins_command(std::vector<std::string> args);

}  // namespace sextant::cli
