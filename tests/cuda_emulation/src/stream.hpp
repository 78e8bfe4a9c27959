// Streams as lists of work, worked off when something waits for them.
#pragma once
#include "emulation/runtime.hpp"

namespace emulation {

/// Remembers an error for the calling thread's cudaGetLastError and returns it.
cudaError_t report(cudaError_t error);
inline constexpr int any_device = -1;
void finish_streams(int device);

}  // namespace emulation
