// The numerical kernels of the CPU backend, one table per instruction set. Every output element is one chain of additions whose
// order depends on the element alone, so its bits are the same for any number of rows, tiles and threads. They differ between
// tables: a run uses one. The exact ones, of the compute types int8 and exact, do not differ (docs/exact.md).
#pragma once
#include <cstddef>
#include <cstdint>
#include "attention.hpp"
#include "matmul.hpp"

namespace sextant::cpu {

inline constexpr uint32_t panel = panel_columns;

struct VocabularyChunk {
  float max, sum;   // sum of exp(logit - max)
  uint32_t best;    // the first index that holds max
};

struct Kernels {
  const char* name;  // "avx512"
  const char* label; // "AVX-512"
  /// y = x / sqrt(mean(x^2) + epsilon) * w; n floats. Zhang and Sennrich 2019.
  void (*rms_norm)(const float* x, const float* w, float* y, uint32_t n, float epsilon);
  /// Rotates the pairs (x[i], x[i + half]) by the angles whose cosines and sines are given. Su et al. 2021.
  void (*rope)(float* x, const float* cosine, const float* sine, uint32_t half);
  /// y = silu(gate) * up for one panel of 64. Shazeer 2020, equation 6.
  void (*swiglu)(const float* gate, const float* up, float* y);
  /// y = gelu(gate) * up for one panel of 64, gelu by its approximation with tanh. Hendrycks and Gimpel 2016, section 2.
  void (*geglu)(const float* gate, const float* up, float* y);
  /// x = scale * x, soft-capped: cap * tanh(scale * x / cap) where cap is not 0. n is a multiple of 16.
  void (*scale_and_cap)(float* x, uint32_t n, float scale, float cap);
  /// n is a multiple of 16.
  VocabularyChunk (*vocabulary)(const float* logits, uint32_t n);
  // of encoders (encoder_kernels.inc.hpp)
  /// y = (x - mean) / sqrt(variance + epsilon) * w + b; n floats. Ba, Kiros and Hinton 2016.
  void (*layer_norm)(const float* x, const float* w, const float* b, float* y, uint32_t n, float epsilon);
  /// x = gelu(x), with the exact gelu: x / 2 * (1 + erf(x / sqrt(2))). n is a multiple of 16.
  void (*gelu)(float* x, uint32_t n);
  /// x[0 .. n) = softmax(x + bias); bias may be null. x has room for n rounded up to 16, and is 0 there.
  void (*softmax)(float* x, const float* bias, uint32_t n);
  MatMul matmul;              // in float32
  AttentionFormat attention;  // in float32; the exact tables have none
};

const Kernels& portable_kernels();
const Kernels& avx2_kernels();    // x86-64 only
const Kernels& avx512_kernels();  // x86-64 only
const Kernels& exact_portable();
const Kernels& exact_avx2();    // x86-64 only
const Kernels& exact_avx512();  // x86-64 only

}  // namespace sextant::cpu
