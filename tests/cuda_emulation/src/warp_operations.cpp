// cp.async, mma.sync and ldmatrix: what the lanes exchange, and what comes of it.
#include "block.hpp"
#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "failure.hpp"

namespace emulation {

// ---- cp.async ----

void async_push(const AsyncCopy& copy, Place place) {
  Fiber& self = the_block().current();
  if (reinterpret_cast<uintptr_t>(copy.to) % 16 || reinterpret_cast<uintptr_t>(copy.from) % 16)
    fail("cp.async of 16 bytes to or from an address that is not aligned to 16", place);
  if (copy.bytes > 16) fail("cp.async of more than 16 bytes", place);
  if (!the_block().shared().contains(copy.to, 16)) fail("cp.async to what is not shared memory", place);
  if (self.copy_count == self.copies.size()) fail("a thread has more than 96 copies by cp.async under way", place);
  self.copies[self.copy_count++] = copy;
}

void async_commit() {
  Fiber& self = the_block().current();
  if (self.group_count == self.group_ends.size()) fail("a thread has more than 32 groups of cp.async under way");
  self.group_ends[self.group_count++] = self.copy_count;
}

bool async_pop(unsigned groups_left, AsyncCopy& ret) {
  Fiber& self = the_block().current();
  const unsigned waited = self.group_count > groups_left ? self.group_count - groups_left : 0;
  if (waited > 0 && self.copy_first < self.group_ends[waited - 1]) {
    ret = self.copies[self.copy_first++];
    return true;
  }
  // the groups that have been waited for make room
  for (unsigned i = waited; i < self.group_count; ++i) self.group_ends[i - waited] = self.group_ends[i] - self.copy_first;
  for (unsigned i = self.copy_first; i < self.copy_count; ++i) self.copies[i - self.copy_first] = self.copies[i];
  self.group_count -= waited;
  self.copy_count -= self.copy_first;
  self.copy_first = 0;
  return false;
}

// ---- mma.sync ----

namespace {

float low(uint32_t pair, bool half) {
  const auto bits = static_cast<uint16_t>(pair);
  return half ? __half2float({bits}) : __bfloat162float({bits});
}

// slots: per lane a[4], b[2]; out: d[4], to be added to the accumulator. Lane 4 g + t holds rows g and g + 8 of A, columns
// 2 t, 2 t + 1 and eight further; column g of B, rows 2 t, 2 t + 1 and eight further; rows g, g + 8 and columns 2 t, 2 t + 1 of
// D.
template <bool half>
void multiply(unsigned char* slots) {
  float a[16][16], b[16][8], d[16][8] = {};
  auto* words = reinterpret_cast<uint32_t*>(slots);
  constexpr unsigned stride = lane_bytes / 4;
  for (unsigned lane = 0; lane < 32; ++lane) {
    const uint32_t* from = words + lane * stride;
    const unsigned g = lane / 4, t = lane % 4 * 2;
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned i = 0; i < 2; ++i) a[g + r % 2 * 8][t + r / 2 * 8 + i] = low(from[r] >> (16 * i), half);
    for (unsigned r = 0; r < 2; ++r)
      for (unsigned i = 0; i < 2; ++i) b[t + r * 8 + i][g] = low(from[4 + r] >> (16 * i), half);
  }
  for (unsigned row = 0; row < 16; ++row)
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned column = 0; column < 8; ++column) d[row][column] += a[row][k] * b[k][column];
  for (unsigned lane = 0; lane < 32; ++lane) {
    const unsigned g = lane / 4, t = lane % 4 * 2;
    const float out[4] = {d[g][t], d[g][t + 1], d[g + 8][t], d[g + 8][t + 1]};
    __builtin_memcpy(words + lane * stride, out, sizeof out);
  }
}

}  // namespace

void mma_16x8x16(float* d, const unsigned* a, const unsigned* b, bool half, Place place) {
  uint32_t mine[lane_bytes / 4] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  const unsigned char* slots = exchange(Collective::matrix_product, ~0u, mine, half ? multiply<true> : multiply<false>, place);
  float sum[4];
  __builtin_memcpy(sum, slots + lane() * lane_bytes, sizeof sum);
  for (unsigned i = 0; i < 4; ++i) d[i] += sum[i];
}

}  // namespace emulation
