// The numerical kernels of the CPU backend, one table per instruction set. Every output element is one chain of additions whose
// order depends on the element alone, so its bits are the same for any number of rows, tiles and threads. They differ between
// tables: a run uses one.
#pragma once
#include <cstddef>
#include <cstdint>

namespace sextant::cpu {

inline constexpr uint32_t panel = 64;       // output columns that are stored together
inline constexpr uint32_t key_block = 64;   // keys per step of the online softmax, counted from position 0
inline constexpr uint32_t page_keys = 16;   // keys per page
inline constexpr uint32_t attention_rows_max = 48;  // query rows that one call of `attend` takes

/// Attention of up to 48 query rows over the pages of one key-value head. Method: FlashAttention-2 (Dao 2023), algorithm 1.
struct Attention {
  const float* const* query;     // [rows][head_dim]
  const uint32_t* position;      // [rows] ascending: the last key that each row sees
  float* const* out;             // [rows][head_dim]
  uint32_t rows, head_dim;       // head_dim: a multiple of 16
  const float* const* key;       // [pages][head_dim][16]; blocks before the first row's window are not read
  const float* const* value;     // [pages][16][head_dim]
  float scale;                   // of the scores, times log2(e)
  float* scratch;                // attention_scratch(head_dim) floats
  uint32_t window = 0;           // a row sees its last `window` keys; 0: all
  float soft_cap = 0;            // of the scaled scores, times log2(e); 0: none
};
inline constexpr size_t attention_scratch(uint32_t head_dim) { return attention_rows_max * (size_t{head_dim} + 32); }

struct VocabularyChunk {
  float max, sum;   // sum of exp(logit - max)
  uint32_t best;    // the first index that holds max
};

struct Kernels {
  const char* name;  // "avx512"
  const char* label; // "AVX-512"
  /// c[rows][64 * panels] = a[rows][k] * w, or += with `add`; w: [panels][k][64].
  void (*gemm)(const float* a, size_t a_stride, uint32_t rows, const float* w, uint32_t k, uint32_t panels, float* c,
               size_t c_stride, bool add);
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
  void (*attend)(const Attention& task);
  /// n is a multiple of 16.
  VocabularyChunk (*vocabulary)(const float* logits, uint32_t n);
};

const Kernels& portable_kernels();
const Kernels& avx2_kernels();    // x86-64 only
const Kernels& avx512_kernels();  // x86-64 only

}  // namespace sextant::cpu
