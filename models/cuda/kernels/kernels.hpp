// The kernels of the CUDA backend, each as a struct of its arguments and a launcher. T is the type of activations, weights and
// cache: bf16, fp16 or float. All pointers are to device memory; a null pointer is allowed where it is said. Launchers return
// at once; work runs in the order of the stream.
//
// Every output element is made by one chain of operations whose order depends on its own row only: not on the number of rows,
// nor on where in a batch the row stands.
#pragma once
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include "../../engine/schedule/draw.hpp"

namespace sextant::cuda {

using bf16 = __nv_bfloat16;
using fp16 = __half;
inline constexpr uint32_t page_tokens = 32;  // positions of a page of keys and values
inline constexpr uint32_t no_index = 0xffffffffu;

/// How a checkpoint stores numbers: engine::TensorType.
enum class BlockType : uint8_t { f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k };
/// Rows of a matrix that stays in the blocks of its file; aligned to 4. 0 rows: none.
struct BlockRows {
  const uint8_t* blocks = nullptr;  // [rows][row_bytes]
  uint32_t rows = 0, row_bytes = 0;
  BlockType type = BlockType::f32;
};

/// x[row] = scale * table[tokens[row]].
template <class T> struct Embed {
  const int32_t* tokens;  // [rows]
  const T* table;         // [vocab][hidden]; null: it is `blocks`
  float* x;               // [rows][hidden]
  uint32_t rows, hidden;
  float scale;
  BlockRows blocks = {};  // whose numbers are rounded to T
};
template <class T> cudaError_t embed(const Embed<T>& arguments, cudaStream_t stream);

/// The end of one half of a layer and the beginning of the next: what the half computed joins the residual stream, and its norm
/// is taken. a = add + add_bias; a = norm(a) * add_norm, where there is one; x += add_scale * a; y = norm(x) * weight, with
/// norm(v) = v / sqrt(mean(v^2) + epsilon), RMSNorm (Zhang and Sennrich 2019).
template <class T> struct ResidualNorm {
  float* x;                // [..][hidden] the residual stream, updated unless rows are gathered
  const T* add;            // [..][hidden], or null: nothing joins
  const float* add_bias;   // [hidden] or null
  const float* add_norm;   // [hidden] or null
  const float* weight;     // [hidden], or null: no norm is taken
  T* y;                    // [rows][hidden]
  const uint32_t* gather;  // [rows] the row of x and add that row i is, ascending; null: row i
  uint32_t rows, hidden;
  float add_scale, epsilon;
};
template <class T> cudaError_t residual_norm(const ResidualNorm<T>& arguments, cudaStream_t stream);
/// The same, but that the norm is kept in float32, [rows][hidden], instead of in y.
template <class T> cudaError_t state_norm(const ResidualNorm<T>& arguments, float* ret, cudaStream_t stream);

/// Cosines and sines of the rotary positions, times `magnitude`: frequency times position in double precision, once a batch.
struct Angles {
  const double* frequencies;   // [classes][half]: rows of different classes rotate differently (engine::rope_length)
  const uint32_t* row_class;   // [rows]
  const uint32_t* positions;   // [rows]
  float2* out;                 // [rows][half]
  uint32_t rows, half;
  double magnitude;
};
cudaError_t angles(const Angles& arguments, cudaStream_t stream);

/// Between the product that makes queries, keys and values and the attention: bias, norm per head, rotary positions (Su et al.
/// 2021) of queries and keys, and keys and values into their pages. Queries stay where they are.
template <class T> struct PlaceKeys {
  T* qkv;                    // [rows][heads + 2 kv_heads][head_dim]
  const float* bias;         // [(heads + 2 kv_heads) * head_dim] or null
  const float* q_norm;       // [head_dim] or null
  const float* k_norm;       // [head_dim] or null
  const float2* angles;      // [rows][rope_dims / 2] cosine and sine; null: no positions
  const uint32_t* slot;      // [rows] page_tokens * page + offset; no_index: the row is passed over
  T* keys;                   // [pages][kv_heads][page_tokens][head_dim]
  T* values;                 // [pages][kv_heads][page_tokens][head_dim]
  uint32_t rows, heads, kv_heads, head_dim, rope_dims;  // head_dim: at most 256
  float epsilon;
};
template <class T> cudaError_t place_keys(const PlaceKeys<T>& arguments, cudaStream_t stream);

/// Keys and values of whole pages or single slots to another place, in all layers at once. No `to` may be another's `from` or
/// `to`.
struct SlotCopy {
  uint32_t from, to;  // page_tokens * page + offset
  uint32_t tokens;    // from there on, within the page
};
template <class T> struct CopySlots {
  T* keys;                  // [layers][layer_stride], each [pages][kv_heads][page_tokens][head_dim]
  T* values;                // likewise
  const SlotCopy* copies;   // [count]
  uint32_t count, layers, kv_heads, head_dim;
  size_t layer_stride;      // elements
};
template <class T> cudaError_t copy_slots(const CopySlots<T>& arguments, cudaStream_t stream);

/// A block's share of the attention: some rows that see the same pages, times one key-value head and its query heads.
struct AttentionTask {
  uint32_t first, rows;           // into Attention::rows; 0 rows: nothing is done
  uint32_t first_page;            // into Attention::pages, for position 0
  uint32_t key_first, key_end;    // key_first: a multiple of 32; what a row does not see in between is masked
  uint32_t partial;  // no_index: the whole attention of the rows. Else the keys lie within one split, and row i leaves
                     // its part at partial + i
};
/// Of a row whose attention was cut into splits: its parts stand at first_partial + i * stride. count 0: none, nothing is done.
struct AttentionMerge {
  uint32_t row;
  uint32_t first_partial, count, stride;
};

/// Keys are taken in splits of 256, counted from position 0: online softmax within a split (FlashAttention-2, Dao 2023), splits
/// merged in ascending order. Whether one block does all splits of a row or each split has a block of its own changes no bit.
inline constexpr uint32_t split_keys = 256;
template <class T> struct Attention {
  const T* qkv;                // [..][heads + 2 kv_heads][head_dim] queries, as place_keys leaves them
  const T* keys;               // [pages][kv_heads][page_tokens][head_dim]
  const T* values;             // [pages][kv_heads][page_tokens][head_dim]
  T* out;                      // [..][heads][head_dim]
  const uint32_t* rows;        // [..] rows of qkv and out
  const uint32_t* positions;   // [row of qkv] the last key that it sees
  const uint32_t* pages;       // page tables
  const AttentionTask* tasks;  // [task_count]
  float* partial_out;          // [partials][heads][head_dim]
  float2* partial_state;       // [partials][heads] maximum and sum
  uint32_t task_count, heads, kv_heads, head_dim;
  uint32_t window;             // a row sees itself and the window - 1 keys before it; 0: all
  float scale, softcap;        // softcap 0: none
};
/// Rows of one task at most; 0: this shape cannot be computed.
uint32_t attention_rows(uint32_t group, uint32_t head_dim, bool is_16_bit);
template <class T> cudaError_t attention(const Attention<T>& arguments, cudaStream_t stream);
template <class T> struct MergeSplits {
  const AttentionMerge* merges;  // [count]
  const float* partial_out;      // as above
  const float2* partial_state;
  T* out;                        // [..][heads][head_dim]
  uint32_t count, heads, head_dim;
};
template <class T> cudaError_t merge_splits(const MergeSplits<T>& arguments, cudaStream_t stream);

/// out = activation(gate + gate_bias) * (up + up_bias): SwiGLU or GeGLU (Shazeer 2020).
enum class GateFunction : uint8_t { silu, gelu_tanh };
template <class T> struct Gate {
  const T* gate_up;    // [rows][2][width]
  const float* bias;   // [2][width] or null
  T* out;              // [rows][width]
  uint32_t rows, width;
  GateFunction function;
};
template <class T> cudaError_t gate(const Gate<T>& arguments, cudaStream_t stream);

/// What is known of a row's logits so far: chunks of the vocabulary come one after the other.
struct HeadState {
  double sum;     // of exp(logit - maximum)
  float maximum;
  int32_t best;   // the first id that has the maximum
};
struct HeadTask {
  uint32_t first_target, target_count;
  uint32_t forbid_end;   // not 0: the ids `end` count as impossible
  uint32_t kept_row;     // the row of HeadChunk::kept that its logits go to; no_index: they are not kept
  uint32_t first_adjustment = 0, adjustment_count = 0;  // into HeadChunk::adjustments, by id
};
/// One chunk of the vocabulary: joins the state, picks the targets. logit = softcap * tanh(scale * raw / softcap).
struct HeadChunk {
  const float* logits;      // [rows][stride] raw; ids first_id .. first_id + ids - 1
  const HeadTask* tasks;    // [rows]
  const int32_t* targets;   // ids
  const int32_t* end;       // [end_count] ids
  HeadState* state;         // [rows]; begins with the chunk of id 0
  float* target_logits;     // as targets
  float* kept;              // [..][kept_stride] logits as they count: scaled, capped; from the chunk's first id on
  uint32_t rows, stride, kept_stride, first_id, ids, end_count;
  float scale, softcap;
  bool alone = false;       // the state is this chunk's alone
  const engine::Adjustment* adjustments = nullptr;  // after scale and soft cap
};
cudaError_t head_chunk(const HeadChunk& arguments, cudaStream_t stream);
/// The states of single chunks, gathered from several GPUs, joined in the order of the vocabulary: the bits of head_chunk's own
/// way. The ranks have chunks [chunks * rank / ranks, chunks * (rank + 1) / ranks).
struct JoinStates {
  const HeadState* from;  // [ranks][chunks_most][rows]
  HeadState* state;       // [rows]
  uint32_t rows, ranks, chunks, chunks_most;
};
cudaError_t join_states(const JoinStates& arguments, cudaStream_t stream);

/// Columns that several GPUs computed, side by side: rank r has units [units * r / ranks, units * (r + 1) / ranks), of
/// `unit` columns each; the last unit ends with the width.
template <class T> struct JoinColumns {
  const T* from;  // [ranks], each [rows][the rank's columns] at the beginning of room for [rows][the most columns of a rank]
  T* to;          // [rows][width]
  uint32_t rows, width, ranks, units, unit;
};
template <class T> cudaError_t join_columns(const JoinColumns<T>& arguments, cudaStream_t stream);

/// Rows whose next token is drawn, once all chunks are done: the same token as engine::sample() draws from the same logits.
struct DrawTask {
  engine::Draw draw;
  uint32_t head;         // the row's place in `state`, whose maximum is known and whose best becomes the token
  uint32_t forbid_end;   // not 0: the ids `end` are not drawn
};
struct DrawTokens {
  const float* logits;    // [rows][vocab]
  const DrawTask* tasks;  // [rows]
  const int32_t* end;     // [end_count] ids, each once
  HeadState* state;
  uint32_t rows, vocab, end_count;
};
cudaError_t draw_tokens(const DrawTokens& arguments, cudaStream_t stream);

/// A matrix of a checkpoint as T: row i of `out` is row first + j / run * stride + j % run of the blocks, where j is i, or
/// within the first `paired` rows of each head_dim the row that RoPE's pairs are stored in: engine::Rows, tensors.hpp.
template <class T> struct Dequantize {
  const uint8_t* blocks;  // rows of `row_bytes`, from row `first_block_row` of the tensor on; aligned to 4
  T* out;                 // [rows][columns], rows first_row .. of the matrix
  uint64_t first, run, stride, row_bytes, first_block_row;
  uint32_t first_row, rows, columns, head_dim, paired;
  BlockType type;
  bool normalise;         // each row is scaled to length 1
};
template <class T> cudaError_t dequantize(const Dequantize<T>& arguments, cudaStream_t stream);

inline constexpr int block_parts = 3;  // queries, keys and values
/// y [rows][y_stride] = x [rows][inputs] * w^T, w's numbers rounded to T as dequantize() rounds them, sums in float32. w: the
/// parts, one below the other; empty ones come last. inputs: a multiple of 32.
template <class T> struct BlockProduct {
  const T* x;
  BlockRows parts[block_parts];
  T* y;           // or null:
  float* wide_y;  // the sums as they are; null: y
  uint32_t rows, inputs, y_stride;
};
template <class T> cudaError_t block_product(const BlockProduct<T>& arguments, cudaStream_t stream);

/// A mixture's choice for each row: softmax over all experts, the `used` highest, ties to the lowest index.
struct Route {
  const float* logits;   // [rows][experts]
  uint32_t* chosen;      // [rows][used], ascending
  float* weights;        // [rows][used]
  uint32_t rows, experts, used;  // experts: at most 256; used: at most 16
  bool normalise;        // weights are divided by their sum
};
cudaError_t route(const Route& arguments, cudaStream_t stream);
/// to[i] = from[source[i] / group].
template <class T> struct GatherRows {
  const T* from;            // [..][width]
  const uint32_t* source;   // [rows]
  T* to;                    // [rows][width]
  uint32_t rows, width, group;
};
template <class T> cudaError_t gather_rows(const GatherRows<T>& arguments, cudaStream_t stream);
/// out[row] = sum over i of weights[row][i] * from[place[row][i]], in the order of i.
template <class T> struct CombineExperts {
  const T* from;            // [..][width]
  const uint32_t* place;    // [rows][used]
  const float* weights;     // [rows][used]
  T* out;                   // [rows][width]
  uint32_t rows, used, width;
};
template <class T> cudaError_t combine_experts(const CombineExperts<T>& arguments, cudaStream_t stream);

}  // namespace sextant::cuda
