// Matrix products by number format: how activations are encoded, how a panel of 64 output columns is stored, and the product
// of the two. Every output element is one chain of additions over k in ascending order, begun with zero or with what is added
// to, so its bits are the same for any number of rows, tiles and threads.
//
// What is rounded: the norms, RoPE, softmax, activation functions and the residual stream stay float32.
//   f32   nothing
//   bf16  weights once at load, a product's input rows when they are encoded (to nearest, ties to even); products are summed in
//         float32
//   int8  input rows, in blocks of 32 to int8 with a float32 scale (the block's largest magnitude / 127); weights stay in the
//         blocks of their file where these are 4 or 8 bits wide; integers are summed exactly, blocks in float32
//   exact input rows and weights, in blocks of 32 to two slices of int8 with a float32 scale (the block's largest magnitude /
//         (127 * 128)); integers are summed exactly, blocks in float32
// int8 and exact have the same bits on every instruction set (docs/exact.md); the others do not.
#pragma once
#include <cstddef>
#include <cstdint>

namespace sextant::cpu {

inline constexpr uint32_t panel_columns = 64;  // output columns that are stored together

enum class Compute : uint8_t { f32, bf16, int8, exact };
/// Whether every instruction set gives the same bits.
inline constexpr bool is_exact(Compute compute) { return compute == Compute::int8 || compute == Compute::exact; }

/// How the weights of a panel are stored; k is rounded up to depth_step with zeros, except in f32. Each product names the one that
/// it reads best (ADR 60).
enum class PanelFormat : uint8_t {
  f32,          // [k][64]
  f32_strips,   // [4][k][16]
  bf16,         // [k / 2][64][2]: inputs in pairs
  bf16_tiles,   // [k / 32][4][16][16][2]: tiles of 32 inputs, in pairs, by 16 columns
  q8,           // [k / 32]{[8][64][4] int8 + 128, scale [64] f16}
  q4,           // [k / 32]{[4][64][4] low nibbles: rows 0 to 15 of the block, high: 16 to 31; scale [64] f16, minimum [64] f16}
  slices,       // [k / 32]{high [8][64][4] int8, low [8][64][4] int8, scale [64] f32}
};
inline constexpr uint32_t depth_step = 32, strip_columns = 16;
/// Whether panels of the format are packed as a whole, from floats, and not row by row.
inline constexpr bool is_unquantised(PanelFormat format) { return format <= PanelFormat::bf16_tiles; }
inline constexpr uint32_t padded_depth(uint32_t k) { return (k + depth_step - 1) / depth_step * depth_step; }
size_t panel_bytes(PanelFormat format, uint32_t k);

struct Panels {
  PanelFormat format;
  const void* data;  // the first panel, 64-byte aligned
  uint32_t k;        // inputs
  uint32_t count;    // panels
};

/// One number format on one instruction set. Threads: [any].
struct MatMul {
  const char* name;  // "amx"
  Compute compute;
  PanelFormat weights;     // how it wants them; int8 (q8) also takes q4
  uint32_t rows_together;  // a number of rows that wastes nothing
  uint32_t tile_rows;      // as many rows as may go through half a layer together: their numbers stay in a core's cache
  /// Bytes of an encoded row of k numbers: a multiple of 64.
  size_t (*row_bytes)(uint32_t k);
  /// Encodes x[0 .. n) as the columns first .. first + n of a row of k; first is a multiple of 32, and so is n, or the row ends
  /// there (the padding behind is then written, too).
  void (*encode)(const float* x, uint32_t first, uint32_t n, uint32_t k, void* row);
  /// c[rows][64 * count] = a * w, or += with `add`. a: encoded rows, a_stride bytes apart; c_stride in floats.
  void (*multiply)(const void* a, size_t a_stride, uint32_t rows, const Panels& w, float* c, size_t c_stride, bool add);
};

/// Stores 64 rows of weights, [64][k] floats, as one panel of a format whose numbers are floats or bf16.
void pack_panel(PanelFormat format, const float* rows, uint32_t k, void* panel);

/// Rounds a row of weights into column `column` of a q8 panel: scale = largest magnitude of the block / 127, as float16.
void pack_row_q8(const float* row, uint32_t k, uint32_t column, void* panel);

/// Rounds a row of weights into column `column` of a panel of slices: scale = largest magnitude of the block / (127 * 128).
void pack_row_slices(const float* row, uint32_t k, uint32_t column, void* panel);

/// One block of 32 weights of column `column` as it lies in a GGUF file, into a q8 or q4 panel, unchanged.
void pack_block_q8(const int8_t* weights, uint16_t scale, uint32_t block, uint32_t column, void* panel);
/// nibbles [16]: weight i in the low half of byte i, weight 16 + i in the high half; w = scale * nibble + minimum.
void pack_block_q4(const uint8_t* nibbles, uint16_t scale, uint16_t minimum, uint32_t block, uint32_t column, void* panel);

}  // namespace sextant::cpu
