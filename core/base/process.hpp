// What the kernel knows of this process.
#pragma once
#include <cstdint>

namespace sextant {

/// Seconds since the kernel started this process (to about 0.01 s).
double seconds_since_process_start();

/// What of this process is in memory, and the most that ever was.
uint64_t resident_bytes();
uint64_t peak_resident_bytes();

}  // namespace sextant
