// What threads of a block do together: barriers, shuffles, votes, tensor-core instructions. Each takes the place of the call,
// so that a message can name it.
//
// Stricter than the device: every lane of the warp that has not returned takes part in each collective, and no thread may have
// returned when its block meets at a barrier. Only __syncthreads and __syncwarp order memory; shuffles do not (CUDA C++
// Programming Guide, Warp Shuffle Functions), and the race check holds kernels to it.
#pragma once
#include "language.hpp"

#define EMULATION_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

namespace emulation {

enum class Collective : uint8_t { none, sync, shuffle, vote, matrix_product, matrix_load };
struct Place {
  const char* file;
  int line;
};
inline constexpr size_t lane_bytes = 64;  // that a lane may give to the others

void sync_block(Place place);
int sync_block_count(bool predicate, Place place);
void sync_warp(unsigned mask, Place place);
unsigned lane();

/// Gives 64 bytes and gets those of all lanes, [32][64], valid until the warp's next collective but one. The lane that arrives
/// last calls `combine` on them first, if there is one.
unsigned char* exchange(Collective kind, unsigned mask, const void* mine, void (*combine)(unsigned char*), Place place);

template <class T>
T shuffle(unsigned mask, T value, unsigned source, bool inside, Place place) {
  static_assert(sizeof(T) <= 8);
  uint64_t bytes[lane_bytes / 8] = {};
  __builtin_memcpy(bytes, &value, sizeof(T));
  const unsigned char* all = exchange(Collective::shuffle, mask, bytes, nullptr, place);
  T other = value;
  if (inside) {
    uint64_t word;
    __builtin_memcpy(&word, all + source * lane_bytes, 8);
    __builtin_memcpy(&other, &word, sizeof(T));
  }
  return other;
}

/// d += a * b, one mma.sync.aligned.m16n8k16.row.col.f32 by all lanes. Fragments as in the PTX ISA, "Matrix Fragments for
/// mma.m16n8k16": a[4] and b[2] are pairs of 16-bit floats, bfloat16 or half.
void mma_16x8x16(float* d, const unsigned* a, const unsigned* b, bool half, Place place);

/// ldmatrix.sync.aligned.m8n8.x4 (.trans): lane 8 i + r names row r, 16 bytes, of matrix i; of each matrix, lane 4 g + t gets
/// row g, columns 2 t and 2 t + 1, or transposed.
inline void load_matrices(unsigned* ret, const void* row, bool transposed, Place place) {
  uint64_t mine[lane_bytes / 8] = {reinterpret_cast<uintptr_t>(row)};
  const unsigned char* all = exchange(Collective::matrix_load, ~0u, mine, nullptr, place);
  const unsigned g = lane() / 4, t = lane() % 4;
  const auto row_of = [all](unsigned i) {
    uint64_t address;
    __builtin_memcpy(&address, all + i * lane_bytes, 8);
    return reinterpret_cast<const uint16_t*>(address);
  };
  for (unsigned m = 0; m < 4; ++m) {
    if (transposed) ret[m] = row_of(8 * m + 2 * t)[g] | static_cast<unsigned>(row_of(8 * m + 2 * t + 1)[g]) << 16;
    else ret[m] = row_of(8 * m + g)[2 * t] | static_cast<unsigned>(row_of(8 * m + g)[2 * t + 1]) << 16;
  }
}

}  // namespace emulation

inline void __syncthreads(EMULATION_PLACE) { emulation::sync_block({file, line}); }
inline int __syncthreads_count(int predicate, EMULATION_PLACE) {
  return emulation::sync_block_count(predicate != 0, {file, line});
}
inline int __syncthreads_or(int predicate, EMULATION_PLACE) {
  return emulation::sync_block_count(predicate != 0, {file, line}) > 0;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, EMULATION_PLACE) { emulation::sync_warp(mask, {file, line}); }

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, EMULATION_PLACE) {
  const unsigned w = static_cast<unsigned>(width), first = emulation::lane() & ~(w - 1);
  return emulation::shuffle(mask, value, first + (static_cast<unsigned>(source) & (w - 1)), true, {file, line});
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, EMULATION_PLACE) {
  const unsigned w = static_cast<unsigned>(width), lane = emulation::lane(), source = lane ^ static_cast<unsigned>(bits);
  return emulation::shuffle(mask, value, source & 31, source < 32 && source / w <= lane / w, {file, line});
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, EMULATION_PLACE) {
  const unsigned w = static_cast<unsigned>(width), lane = emulation::lane(), source = lane + distance;
  return emulation::shuffle(mask, value, source & 31, source < 32 && source / w == lane / w, {file, line});
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, EMULATION_PLACE) {
  const unsigned w = static_cast<unsigned>(width), lane = emulation::lane(), source = lane - distance;
  return emulation::shuffle(mask, value, source & 31, source < 32 && source / w == lane / w, {file, line});
}

unsigned __ballot_sync(unsigned mask, int predicate, EMULATION_PLACE);
inline int __any_sync(unsigned mask, int predicate, EMULATION_PLACE) { return __ballot_sync(mask, predicate, file, line) != 0; }
inline int __all_sync(unsigned mask, int predicate, EMULATION_PLACE) {
  return __ballot_sync(mask, !predicate, file, line) == 0;
}
