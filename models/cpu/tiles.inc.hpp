// AMX's shapes. GCC's intrinsic reads eight of their 64 bytes as far as the compiler can see, which may then leave the
// others unwritten.
#pragma once
#include <immintrin.h>

namespace sextant::cpu {
namespace {

/// Shapes: {palette, start row, 14 reserved bytes, bytes of a row [16] as 16 bits, rows [16] as 8 bits}.
template <class Shapes> [[gnu::always_inline]] inline void load_shapes(const Shapes& shapes) {
  static_assert(sizeof(Shapes) == 64);
  asm volatile("" : : "m"(shapes));
  _tile_loadconfig(&shapes);
}

}  // namespace
}  // namespace sextant::cpu
