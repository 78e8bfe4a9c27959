// Where the signal handlers of a thread run when its own stack has overflowed: threads do not inherit it. Threads: [owner].
#pragma once
#include <csignal>
#include <cstddef>
#include <memory>
#include <new>

namespace sextant {

class AlternativeStack {
 public:
  AlternativeStack() {
    stack_t now{};
    if (::sigaltstack(nullptr, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return;  // a sanitizer's
    bytes_.reset(new (std::nothrow) char[size]);
    if (!bytes_) return;
    stack_t own{};
    own.ss_sp = bytes_.get();
    own.ss_size = size;
    if (::sigaltstack(&own, nullptr) != 0) bytes_.reset();
  }
  ~AlternativeStack() {
    if (!bytes_) return;
    stack_t off{};
    off.ss_flags = SS_DISABLE;
    ::sigaltstack(&off, nullptr);
  }
  AlternativeStack(const AlternativeStack&) = delete;
  AlternativeStack& operator=(const AlternativeStack&) = delete;

 private:
  static constexpr size_t size = 64 << 10;  // the kernel saves AMX's state there, 11 KiB

  std::unique_ptr<char[]> bytes_;
};

}  // namespace sextant
