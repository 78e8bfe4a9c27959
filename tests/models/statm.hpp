// What the kernel says of this process' memory.
#pragma once
#include <cstddef>
#include <fstream>
#include <unistd.h>

namespace sextant::test {

struct Memory {
  size_t mapped = 0, resident = 0;  // bytes
};
inline Memory memory_of_process() {
  Memory pages;
  std::ifstream("/proc/self/statm") >> pages.mapped >> pages.resident;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return {pages.mapped * page, pages.resident * page};
}

}  // namespace sextant::test
