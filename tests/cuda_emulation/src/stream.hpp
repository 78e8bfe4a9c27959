// Streams as lists of work, worked off when something waits for them.
#pragma once
#include "emulation/runtime.hpp"

namespace emulation {

/// Remembers an error for cudaGetLastError and returns it.
cudaError_t report(cudaError_t error);
void finish_all_streams();

}  // namespace emulation
