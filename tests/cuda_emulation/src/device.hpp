// The devices: how many there are, which one a thread has chosen, and the lock that lets one thread at a time use any of them.
#pragma once
#include <mutex>

namespace emulation {

/// Held by every function of the runtime and of its libraries while it works, kernels included.
class Lock {
 public:
  Lock();

 private:
  std::lock_guard<std::recursive_mutex> guard_;
};

/// CUDA_EMULATION_DEVICES, or what set_devices said, less those that CUDA_VISIBLE_DEVICES leaves out.
int device_count();
int current_device();  // of the calling thread

/// While work of a device runs, memory of all others is out of reach: a kernel or a copy that touches it ends the program with
/// a sentence. Only where there are several devices.
void reach_only(int device);

}  // namespace emulation
