#include "memory.hpp"
#include <sys/mman.h>
#include <algorithm>
#include <fstream>
#include <new>
#include <string>

namespace sextant::cpu {

Floats::Floats(size_t count) : bytes_(count * sizeof(float)) {
  if (bytes_ == 0) return;
  void* p = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  constexpr size_t huge_page = size_t{2} << 20;
  if (bytes_ >= 2 * huge_page) madvise(p, bytes_, MADV_HUGEPAGE);
  data_ = static_cast<float*>(p);
}

Floats::~Floats() {
  if (data_) munmap(data_, bytes_);
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
