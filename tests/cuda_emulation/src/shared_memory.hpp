// A block's shared memory: [dynamic][static, 48 KiB], holding NaN until the block writes to it.
#pragma once
#include <cstddef>
#include <vector>

namespace emulation {

inline constexpr size_t shared_default = 48 << 10, shared_most = 227 << 10;  // bytes a block, of sm_90: unasked, and at most

class SharedMemory {
 public:
  /// For the next block. Under the race check every block gets other memory, kept until the launch ends, so that accesses of
  /// two blocks are not taken for accesses to the same place.
  void begin_block(size_t dynamic_bytes);
  void end_launch();
  void* dynamic() const { return memory_; }
  /// The array that is declared at that place: one for the whole block.
  void* find_or_make(const char* file, int line, size_t bytes);
  bool contains(const void* p, size_t bytes) const;

 private:
  struct Array {
    const char* file;
    int line;
    char* at;
  };
  char* memory_ = nullptr;
  size_t dynamic_room_ = 0, static_used_ = 0, size_ = 0;
  std::vector<Array> arrays_;
  std::vector<char*> kept_;
};

}  // namespace emulation
