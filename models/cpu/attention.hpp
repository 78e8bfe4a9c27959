// Attention over keys and values in pages, by number format. Method: FlashAttention-2 (Dao 2023), algorithm 1, with key blocks
// counted from position 0: a row's bits do not depend on the batch's other rows.
//
// int8 and exact: queries, keys, values and their weights in two slices of int8 (attention_slices.cpp), the same bits on every
// instruction set. bf16: queries, keys, values and the weights of the values are rounded to bf16; scores, softmax and sums are float32.
#pragma once
#include <cstddef>
#include <cstdint>

namespace sextant::cpu {

inline constexpr uint32_t key_block = 64;           // keys per step of the online softmax
inline constexpr uint32_t page_keys = 32;           // keys per page
inline constexpr uint32_t attention_rows_max = 48;  // query rows that one call takes
inline constexpr uint32_t exact_head_dim_max = 1024;  // of int8 and exact: so many products of two slices fit an int32

/// Consecutive rows of a call that see one path's keys.
struct PathRows {
  uint32_t rows;
  const uint32_t* pages;  // the path's page table, from position 0 on; blocks before the first row's window are not read
  uint32_t shared_pages;  // so many leading pages are those of the path before, too: rows of both go through them together
};

/// Up to 48 query rows over the pages of one key-value head.
struct Attention {
  const float* const* query;  // [rows][head_dim]
  const uint32_t* position;   // [rows] the last key that each row sees; ascending within a path
  float* const* out;          // [rows][head_dim]
  uint32_t rows, head_dim;    // head_dim: a multiple of 16
  const PathRows* paths;      // cover the rows in order
  const char* first_page;     // where page 0 of the pool lies for this layer and head,
  size_t page_step;           // and how far each is from the one before
  float scale;                // of the scores, times log2(e)
  float* scratch;             // scratch_floats(head_dim)
  uint32_t window = 0;        // a row sees its last `window` keys; 0: all
  float soft_cap = 0;         // of the scaled scores, times log2(e); 0: none

  const char* page(uint32_t id) const { return first_page + id * page_step; }
};

struct AttentionFormat {
  const char* name;
  /// Bytes of a page of one head's keys and values, a multiple of 64. Pages are zero before their first use.
  size_t (*page_bytes)(uint32_t head_dim);
  size_t (*scratch_floats)(uint32_t head_dim);
  /// Puts one key and one value [head_dim] into place `offset` of a page. Where the value is not finite, the key becomes no
  /// number and the value 0: rows that see it get no numbers, and the others, which multiply it with 0, are left alone.
  void (*put)(const float* key, const float* value, uint32_t head_dim, uint32_t offset, void* page);
  void (*attend)(const Attention& task);
};

const AttentionFormat& attention_bf16_portable();
const AttentionFormat& attention_slices_portable();
// x86-64 only
const AttentionFormat& attention_bf16_avx2();
const AttentionFormat& attention_bf16_avx512();
const AttentionFormat& attention_bf16_avx512bf16();
const AttentionFormat& attention_bf16_amx();
const AttentionFormat& attention_slices_avx2();
const AttentionFormat& attention_slices_avx512();  // AVX512_VNNI
const AttentionFormat& attention_slices_amx();     // AMX-INT8, AVX512_VNNI

}  // namespace sextant::cpu
