#include "process.hpp"
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace sextant {

double seconds_since_process_start() {
  // proc(5): field 22 is the start in clock ticks since the machine's; the name before it, in parentheses, may hold anything
  std::string stat(1024, '\0');
  std::FILE* file = std::fopen("/proc/self/stat", "re");
  if (!file) return 0;
  stat.resize(std::fread(stat.data(), 1, stat.size(), file));
  std::fclose(file);
  size_t at = stat.rfind(')');
  for (int field = 2; field < 22 && at != stat.npos; ++field) at = stat.find(' ', at + 1);
  if (at == stat.npos) return 0;
  const double start =
      static_cast<double>(std::strtoull(stat.c_str() + at, nullptr, 10)) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 - start;
}

uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long size = 0, resident = 0;
  const bool read = std::fscanf(file, "%llu %llu", &size, &resident) == 2;
  std::fclose(file);
  return read ? resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

uint64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace sextant
