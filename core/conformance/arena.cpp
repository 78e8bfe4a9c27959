#include "arena.hpp"
#include <algorithm>
#include <new>
#include <sys/mman.h>

namespace sextant::conformance {
namespace {

constexpr size_t page = 4096, chunk = size_t{1} << 20, alignment = 16;
constexpr size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void* Arena::map(size_t bytes) {
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  chunks_.emplace_back(at, bytes);
  return at;
}

void* Arena::take(size_t bytes) {
  bytes = rounded(std::max<size_t>(bytes, 1), alignment);
  if (bytes > left_) {
    left_ = rounded(std::max(bytes, chunk), page);
    at_ = static_cast<char*>(map(left_));
  }
  left_ -= bytes;
  return std::exchange(at_, at_ + bytes);
}

sxt_str Arena::text(std::string_view bytes) {
  if (bytes.empty()) return {nullptr, 0};
  if (how_.guarded) {
    const size_t size = rounded(bytes.size(), page);
    auto* begin = static_cast<char*>(map(size + page));
    ::mprotect(begin + size, page, PROT_NONE);
    char* to = begin + size - bytes.size();
    std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  auto* to = static_cast<char*>(take(bytes.size() + 1));
  std::memcpy(to, bytes.data(), bytes.size());
  to[bytes.size()] = '#';  // where somebody looks for a NUL
  return {to, bytes.size()};
}

void Arena::lock() {
  for (const auto& [at, bytes] : chunks_)
    ::mprotect(at, how_.guarded && bytes > page && bytes != chunk ? bytes - page : bytes, PROT_READ);
}

Arena::~Arena() {
  for (const auto& [at, bytes] : chunks_) ::munmap(at, bytes);
}

}  // namespace sextant::conformance
