// A file descriptor that closes itself, and what the sandbox does with pipes. Private to core/sandbox.
#pragma once
#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <fcntl.h>
#include <unistd.h>

namespace sextant::sandbox {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
  static Pipe open() {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return Pipe{Descriptor(), Descriptor()};
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);  // what an ordinary user may have; a task of usual size is written at once
    return {Descriptor(ends[0]), Descriptor(ends[1])};
  }
};

/// Reads what there is, at most `most` bytes in all. True at the end of the stream; what is beyond is read and dropped.
inline bool drain(const Descriptor& from, std::string& to, size_t most, bool* ret_more = nullptr) {
  char block[65536];
  const ssize_t n = ::read(from.get(), block, sizeof block);
  if (n <= 0) return n == 0 || (errno != EINTR && errno != EAGAIN);
  const size_t taken = std::min<size_t>(static_cast<size_t>(n), most - std::min(most, to.size()));
  to.append(block, taken);
  if (ret_more && taken < static_cast<size_t>(n)) *ret_more = true;
  return false;
}

}  // namespace sextant::sandbox
