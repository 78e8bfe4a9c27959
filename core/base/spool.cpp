#include "spool.hpp"
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include "files.hpp"
#include "io.hpp"

namespace sextant {
namespace {

constexpr size_t tail_max = 1 << 20;        // in memory; most data sets never come to a file
constexpr uint64_t window_bytes = 256 << 10;  // what is read in order is read in blocks of this size

Error failed(const char* what, const std::filesystem::path& folder) {
  const int code = errno;
  return {Error::Kind::io, fmt::format("cannot {} a working file in {}: {}", what, folder.string(), io_reason(code))};
}

// A file that has no name, or has lost it.
int open_nameless(const std::filesystem::path& folder) {
  const int fd = beyond_standard(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd >= 0) return fd;
  std::string name = (folder / ".spool.XXXXXX").string();  // not every file system has the like
  const int named = beyond_standard(::mkostemp(name.data(), O_CLOEXEC));
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

}  // namespace

Spool::Spool(Spool&& other) noexcept
    : folder_(std::move(other.folder_)),
      fd_(std::exchange(other.fd_, -1)),
      written_(other.written_),
      tail_(std::move(other.tail_)),
      window_(std::move(other.window_)),
      window_at_(other.window_at_) {}
Spool& Spool::operator=(Spool&& other) noexcept {
  std::swap(folder_, other.folder_);
  std::swap(fd_, other.fd_);
  std::swap(written_, other.written_);
  std::swap(tail_, other.tail_);
  std::swap(window_, other.window_);
  std::swap(window_at_, other.window_at_);
  return *this;
}
Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Spool::flush() {
  if (fd_ < 0) {
    SXT_CHECK(make_folders(folder_));
    fd_ = open_nameless(folder_);
    if (fd_ < 0) return failed("make", folder_);
  }
  for (std::string_view rest = tail_; !rest.empty();) {
    const ssize_t n = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(written_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write", folder_);
    written_ += static_cast<uint64_t>(n);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  tail_.clear();
  return {};
}

Result<uint64_t> Spool::append(std::string_view text) {
  if (tail_.size() > tail_max) SXT_CHECK(flush());
  const uint64_t offset = written_ + tail_.size();
  tail_ += text;
  return offset;
}

Result<std::string_view> Spool::read(uint64_t offset, uint64_t size) {
  if (offset >= written_) return std::string_view(tail_).substr(offset - written_, size);
  const uint64_t window_end = window_at_ + window_.size();
  if (offset < window_at_ || offset + size > window_end) {
    const bool in_order = offset >= window_at_ && offset <= window_end;
    window_.resize(std::min(written_ - offset, in_order || window_.empty() ? std::max(size, window_bytes) : size));
    window_at_ = offset;
    for (size_t done = 0; done < window_.size();) {
      const ssize_t n = ::pread(fd_, window_.data() + done, window_.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return failed("read", folder_);
      done += static_cast<size_t>(n);
    }
  }
  return std::string_view(window_).substr(offset - window_at_, size);
}

}  // namespace sextant
