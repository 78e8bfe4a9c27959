// Streams as lists of work, worked off when something waits for them.
#pragma once
#include "emulation/runtime.hpp"

namespace emulation {

/// Remembers an error for the calling thread's cudaGetLastError and returns it.
cudaError_t report(cudaError_t error);
inline constexpr int any_device = -1;
void finish_streams(int device);

/// Whether a library's work that several devices do together can be put into the stream: it is the device's and not being
/// recorded.
bool can_gather(cudaStream_t stream, int device);
/// How much has been asked of the stream; and works it off up to what stands before that place.
uint64_t stream_end(cudaStream_t stream);
void run_before(cudaStream_t stream, uint64_t end);

}  // namespace emulation
