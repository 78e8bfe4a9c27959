#include "shared_memory.hpp"
#include <cstdint>
#include <cstdlib>
#include "failure.hpp"
#include "sanitizers.hpp"

namespace emulation {
namespace {

constexpr size_t static_room = shared_default;

void fill_with_nan(char* p, size_t bytes) {
  auto* words = reinterpret_cast<volatile uint32_t*>(p);
  for (size_t i = 0; i < (bytes + 3) / 4; ++i) words[i] = 0xffffffffu;
}

}  // namespace

void SharedMemory::begin_block(size_t dynamic_bytes) {
  dynamic_room_ = (dynamic_bytes + 255) & ~size_t{127};
  size_ = dynamic_room_ + static_room;
#ifndef EMULATION_TSAN
  if (kept_.empty())
#endif
  {
    memory_ = static_cast<char*>(std::aligned_alloc(128, size_));
    if (!memory_) fail("no memory for a block's shared memory");
    kept_.push_back(memory_);
  }
  poison_address(memory_, size_);
  unpoison_address(memory_, dynamic_bytes);
  fill_with_nan(memory_, dynamic_bytes);
  arrays_.clear();
  arrays_.reserve(64);  // nothing is allocated while a fiber runs
  static_used_ = 0;
}

void SharedMemory::end_launch() {
  for (char* p : kept_) {
    unpoison_address(p, size_);
    std::free(p);
  }
  kept_.clear();
  memory_ = nullptr;
  size_ = 0;
}

void* SharedMemory::find_or_make(const char* file, int line, size_t bytes) {
  for (const Array& a : arrays_)
    if (a.line == line && a.file == file) return a.at;
  char* at = memory_ + dynamic_room_ + static_used_;
  static_used_ += (bytes + 64 + 127) & ~size_t{127};  // with a gap, so that the address check sees where the array ends
  if (static_used_ > static_room || arrays_.size() == arrays_.capacity())
    fail("more than 48 KiB, or 64 arrays, of static shared memory", {file, line});
  unpoison_address(at, bytes);
  fill_with_nan(at, bytes);
  arrays_.push_back({file, line, at});
  return at;
}

bool SharedMemory::contains(const void* p, size_t bytes) const {
  const char* first = static_cast<const char*>(p);
  return memory_ && first >= memory_ && first + bytes <= memory_ + size_;
}

}  // namespace emulation
