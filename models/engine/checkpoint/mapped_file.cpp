#include "mapped_file.hpp"
#include <cerrno>
#include <cstring>
#include <utility>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fmt/format.h>

namespace sextant::engine {
namespace {

Error unreadable(const std::string& path, std::string_view what, int reason) {
  return {Error::Kind::io, fmt::format("{}: {}: {}; check the path and its permissions", path, what, std::strerror(reason))};
}

struct Descriptor {
  int fd;
  ~Descriptor() { if (fd >= 0) ::close(fd); }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe without a writer must not hang; it changes nothing for regular files
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) return unreadable(path, "cannot be opened", errno);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) return unreadable(path, "cannot be examined", errno);
  if (S_ISDIR(info.st_mode)) {
    return Error{Error::Kind::io, fmt::format("{}: is a directory; name the model file inside it", path)};
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{Error::Kind::io,
                 fmt::format("{}: is not a regular file (a pipe or a device); copy the model to a file first", path)};
  }
  if (info.st_size == 0) {
    return Error{Error::Kind::data, fmt::format("{}: the file is empty; fetch the model again", path)};
  }
  const auto size = static_cast<size_t>(info.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) return unreadable(path, "cannot be mapped into memory", errno);
  MappedFile mapped;
  mapped.path_ = path;
  mapped.bytes_ = {static_cast<const std::byte*>(address), size};
  mapped.mtime_ns_ = static_cast<int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, {})), mtime_ns_(other.mtime_ns_) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  std::swap(mtime_ns_, other.mtime_ns_);
  return *this;
}

void MappedFile::let_go() const {
  // a failure costs memory, nothing else
  if (!bytes_.empty()) (void)::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace sextant::engine
