// A folder in memory that this process alone sees, and that vanishes with it: for libraries that want to write somewhere. From a process of one
// thread, before confine().
#pragma once
#include <cstdint>
#include <string>

namespace sextant::sandbox {

inline constexpr uint64_t scratch_bytes = uint64_t{512} << 20;

/// Puts it in the place of `folder`, which is empty. False: the machine does not allow it (no user namespaces), and nothing has changed.
bool mount_scratch(const std::string& folder);

}  // namespace sextant::sandbox
