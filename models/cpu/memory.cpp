#include "memory.hpp"
#include <sys/mman.h>
#include <algorithm>
#include <fstream>
#include <new>
#include <string>

namespace sextant::cpu {

void* take_memory(size_t bytes) {
  if (bytes == 0) return nullptr;
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  constexpr size_t huge_page = size_t{2} << 20;
  if (bytes >= 2 * huge_page) madvise(p, bytes, MADV_HUGEPAGE);
  return p;
}

void give_memory_back(void* memory, size_t bytes) {
  if (memory) munmap(memory, bytes);
}

size_t available_memory() {
  size_t available = 0;
  std::ifstream info("/proc/meminfo");
  for (std::string name, rest; info >> name && std::getline(info, rest);)
    if (name == "MemAvailable:") available = std::stoull(rest) * 1024;
  // a container's own limit
  size_t limit = 0, used = 0;
  if (std::ifstream("/sys/fs/cgroup/memory.max") >> limit && std::ifstream("/sys/fs/cgroup/memory.current") >> used &&
      limit > used)
    available = available ? std::min(available, limit - used) : limit - used;
  return available;
}

}  // namespace sextant::cpu
