#include "speed.hpp"
#include <string_view>

namespace sextant::cpu {

// What 512-token prompts of SmolLM2-135M took of one core's time, on a shared Xeon at 2.6 GHz that has all of these. The first
// estimate of a plan's time rests on it, and which drafts pay.
double nominal_speed(const MatMul& matmul) {
  const std::string_view isa = matmul.name;
  switch (matmul.compute) {
    case Compute::f32: return isa == "avx512" ? 93e9 : isa == "avx2" ? 54e9 : 22e9;
    case Compute::bf16: return isa == "amx" ? 360e9 : isa == "avx512bf16" ? 72e9 : isa == "portable" ? 23e9 : 58e9;
    case Compute::int8: return isa == "amx" ? 210e9 : isa == "avx512" ? 170e9 : isa == "avx2" ? 68e9 : 6e9;
    case Compute::exact: return isa == "amx" ? 130e9 : isa == "avx512" ? 60e9 : isa == "avx2" ? 24e9 : 2.5e9;
  }
  return 0;
}

// A row takes two operations a weight; 16 GB/s is what a thread beside another one got from memory on the same Xeon.
uint32_t step_rows(const MatMul& matmul) {
  constexpr double bytes_per_s = 16e9;
  const double bytes = matmul.compute == Compute::f32    ? 4
                       : matmul.compute == Compute::bf16 ? 2
                       : matmul.compute == Compute::int8 ? 1.06
                                                         : 2.13;
  return static_cast<uint32_t>(bytes * nominal_speed(matmul) / (2 * bytes_per_s));
}

}  // namespace sextant::cpu
