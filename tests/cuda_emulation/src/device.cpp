#include "device.hpp"
#include <cstdlib>
#include <map>
#include <optional>
#include "emulation/runtime.hpp"
#include "shared_memory.hpp"
#include "stream.hpp"

namespace emulation {
namespace {

std::recursive_mutex& mutex() {
  static std::recursive_mutex m;
  return m;
}

std::optional<int> chosen_count;
thread_local int chosen_device = 0;
std::map<int, int> multiprocessors;  // by device; those that are not here have 8
int multiprocessors_of(int device) { return multiprocessors.count(device) ? multiprocessors[device] : 8; }

// The leading numbers that name a device, as the driver reads it.
int visible(int count) {
  const char* list = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!list) return count;
  int seen = 0;
  for (char* end = nullptr;; list = end + 1, ++seen) {
    const long number = std::strtol(list, &end, 10);
    if (end == list || number < 0 || number >= count) return seen;
    if (*end != ',') return seen + 1;
  }
}

}  // namespace

Lock::Lock() : guard_(mutex()) {}

int device_count() {
  if (!chosen_count) {
    const char* count = std::getenv("CUDA_EMULATION_DEVICES");
    chosen_count = count && *count ? std::atoi(count) : 1;
  }
  return visible(*chosen_count);
}
void set_devices(int count) {
  const Lock lock;
  chosen_count = count;
  chosen_device = 0;
}
int current_device() { return chosen_device; }
void set_multiprocessors(int device, int count) {
  const Lock lock;
  multiprocessors[device] = count;
}

}  // namespace emulation

using namespace emulation;

cudaError_t cudaGetDeviceCount(int* count) {
  const Lock lock;
  *count = device_count();
  return *count > 0 ? cudaSuccess : report(cudaErrorNoDevice);
}
cudaError_t cudaSetDevice(int device) {
  const Lock lock;
  if (device < 0 || device >= device_count()) return report(cudaErrorInvalidDevice);
  chosen_device = device;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = chosen_device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const Lock lock;
  if (device < 0 || device >= device_count()) return report(cudaErrorInvalidDevice);
  *properties = {"CUDA emulation", 0, 9, 0, multiprocessors_of(device)};
  size_t free = 0;
  return cudaMemGetInfo(&free, &properties->totalGlobalMem);
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  const Lock lock;
  if (device < 0 || device >= device_count()) return report(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = multiprocessors_of(device); return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(shared_most); return cudaSuccess;
  }
  return report(cudaErrorInvalidValue);
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }
