// A regular file without a name on any disk, which holds what the fuzzer made; for code that takes a path.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace sextant::fuzz {

/// The path of the one such file, filled with these bytes. [owner] thread.
inline const std::string& memory_file(const uint8_t* data, size_t size) {
  static const int fd = ::memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return path;
}

}  // namespace sextant::fuzz
