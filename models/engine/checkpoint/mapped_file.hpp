// A regular file, mapped read-only. Ownership: the mapping lives as long as the object; moving it keeps addresses.
// Threads: const members are [any]. A file that another process truncates while it is mapped ends this one (SIGBUS): that
// is how mmap works, and the reason why weights are replaced by renaming, never written in place.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <sextant/result.hpp>

namespace sextant::engine {

class MappedFile {
 public:
  /// Refuses what is not a regular file (a directory, a pipe, a device) and an empty one; never blocks on a pipe.
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  /// Gives the memory of what was read back to the system; what is looked at again is read from the file again.
  void let_go() const;
  int64_t mtime_ns() const { return mtime_ns_; }

 private:
  MappedFile() = default;
  std::string path_;
  std::span<const std::byte> bytes_;
  int64_t mtime_ns_ = 0;
};

}  // namespace sextant::engine
