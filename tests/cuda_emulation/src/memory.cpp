// cudaMalloc and its kin. Device memory is the host's, filled with NaN and remembered, so that a copy's direction can be checked.
#include "memory.hpp"
#include <cstdlib>
#include <cstring>
#include <map>
#include "emulation/runtime.hpp"
#include "stream.hpp"

namespace emulation {
namespace {

struct Memory {
  std::map<uintptr_t, size_t> device, pinned;
  size_t total = 1ull << 30, used = 0;
};
Memory& memory() {
  static Memory all = [] {
    Memory m;
    if (const char* bytes = std::getenv("CUDA_EMULATION_MEMORY"); bytes && *bytes) m.total = std::strtoull(bytes, nullptr, 10);
    return m;
  }();
  return all;
}

bool holds(const std::map<uintptr_t, size_t>& blocks, const void* pointer, size_t bytes) {
  const auto at = reinterpret_cast<uintptr_t>(pointer);
  auto next = blocks.upper_bound(at);
  if (next == blocks.begin()) return false;
  --next;
  return at + bytes <= next->first + next->second;
}

cudaError_t allocate(std::map<uintptr_t, size_t>& blocks, void** pointer, size_t bytes) {
  void* p = std::aligned_alloc(256, (bytes + 255) & ~size_t{255});
  if (!p) return report(cudaErrorMemoryAllocation);
  std::memset(p, 0xff, bytes);
  blocks[reinterpret_cast<uintptr_t>(p)] = bytes;
  *pointer = p;
  return cudaSuccess;
}

}  // namespace

bool is_device_memory(const void* pointer, size_t bytes) { return holds(memory().device, pointer, bytes); }
bool is_pinned_memory(const void* pointer, size_t bytes) { return holds(memory().pinned, pointer, bytes); }
void set_memory(size_t bytes) { memory().total = bytes; }

}  // namespace emulation

using namespace emulation;

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  if (!pointer) return report(cudaErrorInvalidValue);
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (memory().used + bytes > memory().total) return report(cudaErrorMemoryAllocation);
  const cudaError_t error = allocate(memory().device, pointer, bytes);
  if (error == cudaSuccess) memory().used += bytes;
  return error;
}

cudaError_t cudaFree(void* pointer) {
  if (!pointer) return cudaSuccess;
  finish_all_streams();
  const auto found = memory().device.find(reinterpret_cast<uintptr_t>(pointer));
  if (found == memory().device.end()) return report(cudaErrorInvalidValue);
  memory().used -= found->second;
  memory().device.erase(found);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  if (!pointer || bytes == 0) return report(cudaErrorInvalidValue);
  return allocate(memory().pinned, pointer, bytes);
}

cudaError_t cudaFreeHost(void* pointer) {
  if (!pointer) return cudaSuccess;
  finish_all_streams();
  if (memory().pinned.erase(reinterpret_cast<uintptr_t>(pointer)) == 0) return report(cudaErrorInvalidValue);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = memory().total;
  *free = memory().total - std::min(memory().total, memory().used);
  return cudaSuccess;
}
