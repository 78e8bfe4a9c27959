// The exit codes that scripts rely on (docs/exit_codes.md; BSD's sysexits where they fit).
#pragma once
#include <sextant/result.hpp>

namespace sextant {

enum ExitCode : int {
  exit_ok = 0,
  exit_no = 1,             // a gate or --fail-under says no
  exit_inconclusive = 2,   // a gate cannot tell
  exit_usage = 64,
  exit_data = 65,
  exit_unavailable = 69,
  exit_internal = 70,
  exit_incomplete = 75,
  exit_interrupted = 130,
};

constexpr ExitCode exit_code_of(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::usage: return exit_usage;
    case Error::Kind::config: case Error::Kind::data: case Error::Kind::missing: case Error::Kind::io: return exit_data;
    case Error::Kind::device: return exit_unavailable;
    case Error::Kind::cancelled: return exit_interrupted;
    case Error::Kind::internal: break;
  }
  return exit_internal;
}

}  // namespace sextant
