// cp.async: copies from global to shared memory that go on beside the thread. Until the thread has waited for its copy, the
// destination holds NaN; the source is read as late as it can be. The stores are made here, in the code that the sanitizers
// watch: once when the copy is asked for, once when it lands, for between these two the device may write at any time.
#pragma once
#include "warp.hpp"

namespace emulation {

struct AsyncCopy {
  unsigned char* to;
  const unsigned char* from;
  unsigned bytes;  // read; the rest of the 16 is filled with zeros
};
void async_push(const AsyncCopy& copy, Place place);  // checks that both are aligned to 16
void async_commit();
/// The oldest copy of this thread that is not in its `groups_left` youngest groups.
bool async_pop(unsigned groups_left, AsyncCopy& ret);

inline void copy_async_16(void* to, const void* from, unsigned bytes = 16, EMULATION_PLACE) {
  async_push({static_cast<unsigned char*>(to), static_cast<const unsigned char*>(from), bytes}, {file, line});
  *static_cast<uint4*>(to) = {~0u, ~0u, ~0u, ~0u};
}
inline void copy_async_wait(unsigned groups_left) {
  for (AsyncCopy copy; async_pop(groups_left, copy);) {
    if (copy.bytes == 16) *reinterpret_cast<uint4*>(copy.to) = *reinterpret_cast<const uint4*>(copy.from);
    else
      for (unsigned i = 0; i < 16; ++i) copy.to[i] = i < copy.bytes ? copy.from[i] : static_cast<unsigned char>(0);
  }
}

}  // namespace emulation
