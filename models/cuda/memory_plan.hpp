// What a model needs of a GPU's memory: weights, buffers for a batch, and pages of keys and values in what is left.
#pragma once
#include <string>
#include "../engine/backend/hardware.hpp"
#include "weights.hpp"

namespace sextant::cuda {

// Enough rows that matrix products run at full speed and launches do not show, where there is memory for them.
inline constexpr uint32_t rows_most = 8192, head_rows_most = 1024;
inline constexpr uint32_t expert_rows_step = 16;  // an expert's rows begin at a multiple of so many

struct MemoryPlan {  // bytes, of each GPU
  uint32_t ranks = 1;      // GPUs that hold the model together
  uint32_t rows_max = 0, context = 0, pages = 0;
  uint32_t head_rows = 0;  // of the output head at once
  uint32_t chunk = 0;      // ids of the vocabulary at once
  uint32_t draws = 0;      // rows at once whose tokens are drawn
  uint32_t partials = 0;   // partial results of attention
  uint32_t slots = 0;      // rows of all experts together; 0: the model has none
  bool keep_quantised = false;  // matrices stay in their blocks
  size_t weights = 0, buffers = 0, page = 0;
  size_t total() const { return weights + buffers + page * pages; }
};

/// What stands in memory while a batch runs. Of heads and feed-forward columns a GPU has its own (split.hpp); what other GPUs
/// need goes into a `.._part`, is gathered, and stands as a whole beside it. Where a GPU has all, the part is the whole.
template <class T> struct Buffers {
  float* x = nullptr;               // [rows][hidden] residual stream
  T* h = nullptr;                   // [rows][hidden] its norm
  T* add = nullptr;                 // [rows][hidden] what joins the stream next
  T* qkv = nullptr;                 // [rows][heads + 2 kv_heads][head_dim]
  T* attention = nullptr;           // [rows][heads][head_dim]
  T* gate_up = nullptr;             // [rows or slots][2][feed_forward]
  T* act = nullptr;                 // [rows or slots][feed_forward]
  float2* angles = nullptr;         // [ropes][rows][dims / 2]
  float* partial_out = nullptr;     // [partials][heads][head_dim]
  float2* partial_state = nullptr;  // [partials][heads]
  T* head = nullptr;                // [head_rows][hidden]
  float* logits = nullptr;          // [head_rows][chunk]; later as many states as it has room for, one at least
  float* kept = nullptr;            // [draws][vocab] logits
  float* router = nullptr;          // [rows][experts]
  uint32_t* chosen = nullptr;       // [rows][used]
  float* choice = nullptr;          // [rows][used]
  T* slot_in = nullptr;             // [slots][hidden]
  T* slot_out = nullptr;            // [slots][hidden, its columns]
  T* attention_part = nullptr;      // [rows][heads / ranks][head_dim]
  T* act_part = nullptr;            // [rows or slots][feed_forward, its columns]
  T* add_part = nullptr;            // [rows][hidden, its columns]
  // null where it is alone:
  float* kept_part = nullptr;       // [draws][its ids]
  HeadState* states_part = nullptr; // [its chunks][rows]
  void* gathered = nullptr;         // [ranks] of whichever part
  void* workspace = nullptr;        // cuBLAS's
};
template <class T> Buffers<T> lay_out_buffers(const engine::Architecture& architecture, const MemoryPlan& plan, Carver& carver);

/// The plan of each of `ranks` GPUs that hold the model together; `tensors` are the whole model's. An error, with the numbers,
/// where not even one sequence fits into `memory` bytes of each.
template <class T>
Result<MemoryPlan> plan_memory(const engine::Architecture& architecture, const engine::ModelTensors& tensors, uint32_t ranks,
                               uint32_t batch_size, uint32_t context, size_t memory, bool keep_quantised);

}  // namespace sextant::cuda
