// The CPU as a device of the engine: the transformer in float32 on packed panels, keys and values in pages.
//
// Work is cut in one of two ways, which give the same bits: many rows are cut into tiles of rows that go through half a layer
// at a time and stay in a core's cache; few rows are cut by output columns and heads, so that all threads read the weights
// together. Threads: one run() at a time.
#pragma once
#include <memory>
#include "../engine/schedule/device.hpp"
#include "kernels.hpp"
#include "thread_pool.hpp"
#include "weights.hpp"

namespace sextant::cpu {

struct DevicePlan {  // memory in bytes, fixed at load
  uint32_t rows_max = 0, context = 0, pages = 0;
  size_t weights = 0, buffers = 0, page = 0;  // page: one page of keys and values
  size_t total() const { return weights + buffers + page * pages; }
};

/// Lays out the memory: weights and buffers first, then as many pages as fit into `memory` bytes and could be of use to
/// `batch_size` sequences of `context` tokens. An error, with the numbers, where not even one sequence fits.
Result<DevicePlan> plan_memory(const engine::Architecture& architecture, uint32_t threads, uint32_t batch_size,
                               uint32_t context, size_t memory);

class CpuDevice : public engine::Device {
 public:
  /// `end`: the ids that a row with forbid_end must not choose. The checkpoint and the pool outlive the device.
  CpuDevice(const engine::Checkpoint& checkpoint, const engine::Architecture& architecture, const DevicePlan& plan,
            const Kernels& kernels, ThreadPool& pool, std::vector<int32_t> end);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;

 private:
  struct Range { uint32_t first, last; };  // [first, last)

  void copy_pages(const engine::Batch& batch);
  void embed(const engine::Batch& batch);
  void layer_by_rows(const engine::Batch& batch, uint32_t layer, uint32_t tile);
  void layer_by_columns(const engine::Batch& batch, uint32_t layer);
  // parts of a layer, each for a range of rows and of output panels or heads
  void normalise(const Floats& weight, Range rows);
  void project_qkv(uint32_t layer, Range rows, Range panels);
  void place_keys(const engine::Batch& batch, uint32_t layer, Range rows);
  void attend(const engine::Batch& batch, uint32_t layer, Range rows, Range kv_heads, uint32_t thread);
  void project_output(uint32_t layer, Range rows, Range panels);
  void gate_up(uint32_t layer, Range rows, Range panels, uint32_t thread);
  void project_down(uint32_t layer, Range rows, Range panels);
  template <class Body> void by_columns(uint32_t rows, uint32_t panels, Body&& body);

  void look(const engine::Batch& batch, engine::Outputs& ret);
  void look_at_chunk(const engine::Batch& batch, uint32_t chunk, uint32_t thread, engine::Outputs& ret);

  float* page(uint32_t layer, uint32_t page, uint32_t kv_head) const;
  void store(uint32_t layer, uint32_t page, uint32_t offset, const float* key, const float* value);

  const engine::Architecture architecture_;
  const DevicePlan plan_;
  const Kernels& kernels_;
  ThreadPool& pool_;
  const std::vector<int32_t> end_;
  Weights weights_;

  uint32_t hidden_, qkv_, attention_, feed_forward_;  // row strides: widths rounded up to whole panels
  mutable Floats kv_;       // [layers][pages][kv_heads]{key [head_dim][16], value [16][head_dim]}
  Floats rope_;             // [context]{cosine [rope_dims / 2], sine [rope_dims / 2]}
  Floats x_;                // [rows][hidden] residual stream
  Floats h_;                // [rows][hidden] its norm
  Floats qkv_rows_;         // [rows][query heads, key heads, value heads]
  Floats attention_rows_;   // [rows][heads * head_dim]
  Floats act_;              // [rows][feed_forward]
  std::vector<Floats> scratch_;        // [threads]
  Floats head_rows_;                   // [rows of the head][hidden]
  std::vector<VocabularyChunk> chunks_;  // [rows of the head][chunks]
  struct Want { uint32_t target, head; };
  std::vector<Want> wants_;            // targets by chunk, then by row
  std::vector<uint32_t> first_want_;   // [chunks + 1]
};

}  // namespace sextant::cpu
