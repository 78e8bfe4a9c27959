// What ThreadSanitizer and AddressSanitizer are told about fibers. The emulation itself is never compiled with a sanitizer: its
// own state is shared between fibers by design. It is told by EMULATION_TSAN or EMULATION_ASAN that the kernels are.
#pragma once
#include <cstddef>

#ifdef EMULATION_TSAN
extern "C" {
void* __tsan_create_fiber(unsigned flags);
void* __tsan_get_current_fiber();
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif
#ifdef EMULATION_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void** fake_stack_save, const void* bottom, size_t size);
void __sanitizer_finish_switch_fiber(void* fake_stack_save, const void** bottom_old, size_t* size_old);
void __asan_poison_memory_region(void const volatile* address, size_t size);
void __asan_unpoison_memory_region(void const volatile* address, size_t size);
}
#endif

namespace emulation {

// A point in time that orders memory: what happened before a release is seen after an acquire.
struct Token {
  char byte = 0;
#ifdef EMULATION_TSAN
  void acquire() { __tsan_acquire(&byte); }
  void release() { __tsan_release(&byte); }
#else
  void acquire() {}
  void release() {}
#endif
};

inline void poison_address([[maybe_unused]] void* p, [[maybe_unused]] size_t n) {
#ifdef EMULATION_ASAN
  __asan_poison_memory_region(p, n);
#endif
}
inline void unpoison_address([[maybe_unused]] void* p, [[maybe_unused]] size_t n) {
#ifdef EMULATION_ASAN
  __asan_unpoison_memory_region(p, n);
#endif
}

}  // namespace emulation
