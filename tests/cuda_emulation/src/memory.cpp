// cudaMalloc and its kin. Device memory is the host's, filled with NaN and remembered with its device, so that a copy's
// direction can be checked. Where there are several devices, it comes in pages whose access follows the device that is at work.
#include "memory.hpp"
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include "device.hpp"
#include "emulation/runtime.hpp"
#include "failure.hpp"
#include "stream.hpp"

namespace emulation {
namespace {

struct Stretch {
  size_t bytes, mapped = 0;  // mapped 0: not in pages of its own
  int device = 0;
};
using Stretches = std::map<uintptr_t, Stretch>;

struct Memory {
  Stretches device, pinned;
  size_t total = 1ull << 30;
  std::map<int, size_t> used;  // by device
  int reached = -1;            // the device whose memory can be reached, where there are several; -1: none yet
};
Memory& memory() {
  static Memory all = [] {
    Memory m;
    if (const char* bytes = std::getenv("CUDA_EMULATION_MEMORY"); bytes && *bytes) m.total = std::strtoull(bytes, nullptr, 10);
    return m;
  }();
  return all;
}

const Stretch* find(const Stretches& stretches, const void* pointer, size_t bytes) {
  const auto at = reinterpret_cast<uintptr_t>(pointer);
  auto next = stretches.upper_bound(at);
  if (next == stretches.begin()) return nullptr;
  --next;
  return at + bytes <= next->first + next->second.bytes ? &next->second : nullptr;
}

void protect(uintptr_t at, const Stretch& stretch, bool open) {
  if (stretch.mapped && mprotect(reinterpret_cast<void*>(at), stretch.mapped, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0)
    fail("mprotect failed");
}

void on_fault(int signal, siginfo_t* info, void*) {
  const Stretch* touched = find(memory().device, info->si_addr, 0);
  if (touched && touched->device != memory().reached)
    fail("work of device " + std::to_string(memory().reached) + " touches memory of device " + std::to_string(touched->device) +
         ", which it has no access to");
  std::signal(signal, SIG_DFL);  // and the access is tried again
}

void watch_faults() {
  static const bool once = [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, nullptr) == 0;
  }();
  if (!once) fail("sigaction failed");
}

void* take(size_t bytes, size_t& ret_mapped) {
  ret_mapped = 0;
  if (device_count() < 2) return std::aligned_alloc(256, (bytes + 255) & ~size_t{255});
  watch_faults();
  ret_mapped = (bytes + 4095) & ~size_t{4095};
  void* p = mmap(nullptr, ret_mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}
void give_back(void* pointer, const Stretch& stretch) {
  if (stretch.mapped) munmap(pointer, stretch.mapped);
  else std::free(pointer);
}

}  // namespace

void reach_only(int device) {
  Memory& m = memory();
  if (m.reached == device) return;
  m.reached = device;
  for (const auto& [at, stretch] : m.device) protect(at, stretch, stretch.device == device);
}

bool is_device_memory(const void* pointer, size_t bytes) {
  const Lock lock;
  return find(memory().device, pointer, bytes) != nullptr;
}
int device_of(const void* pointer, size_t bytes) {
  const Stretch* found = find(memory().device, pointer, bytes);
  return found ? found->device : -1;
}
bool is_pinned_memory(const void* pointer, size_t bytes) { return find(memory().pinned, pointer, bytes) != nullptr; }
void set_memory(size_t bytes) {
  const Lock lock;
  memory().total = bytes;
}

}  // namespace emulation

using namespace emulation;

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  const Lock lock;
  if (!pointer) return report(cudaErrorInvalidValue);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  const int device = current_device();
  if (memory().used[device] + bytes > memory().total) return report(cudaErrorMemoryAllocation);
  Stretch stretch{bytes, 0, device};
  void* p = take(bytes, stretch.mapped);
  if (!p) return report(cudaErrorMemoryAllocation);
  std::memset(p, 0xff, bytes);
  protect(reinterpret_cast<uintptr_t>(p), stretch, device == memory().reached);
  memory().device[reinterpret_cast<uintptr_t>(p)] = stretch;
  memory().used[device] += bytes;
  *pointer = p;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  const Lock lock;
  if (!pointer) return cudaSuccess;
  const auto found = memory().device.find(reinterpret_cast<uintptr_t>(pointer));
  if (found == memory().device.end()) return report(cudaErrorInvalidValue);
  finish_streams(found->second.device);
  memory().used[found->second.device] -= found->second.bytes;
  give_back(pointer, found->second);
  memory().device.erase(found);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  const Lock lock;
  if (!pointer || bytes == 0) return report(cudaErrorInvalidValue);
  void* p = std::aligned_alloc(256, (bytes + 255) & ~size_t{255});
  if (!p) return report(cudaErrorMemoryAllocation);
  std::memset(p, 0xff, bytes);
  memory().pinned[reinterpret_cast<uintptr_t>(p)] = {bytes};
  *pointer = p;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* pointer) {
  const Lock lock;
  if (!pointer) return cudaSuccess;
  finish_streams(any_device);
  if (memory().pinned.erase(reinterpret_cast<uintptr_t>(pointer)) == 0) return report(cudaErrorInvalidValue);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  const Lock lock;
  const size_t used = memory().used[current_device()];
  *total = memory().total;
  *free = memory().total - std::min(memory().total, used);
  return cudaSuccess;
}
