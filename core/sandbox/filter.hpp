// The system calls that a sandbox may make: a list of what is allowed, compiled by libseccomp.
#pragma once
#include <vector>
#include <sextant/result.hpp>

namespace sextant::sandbox {

/// A BPF program as bwrap's --seccomp takes it. What is not allowed fails with ENOSYS, so that glibc falls back, and what a
/// newer kernel adds is closed without being known here.
Result<std::vector<char>> system_call_filter();

}  // namespace sextant::sandbox
