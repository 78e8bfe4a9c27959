// The CPU as a device of the engine: the transformer on packed panels, keys and values in pages. What enters a matrix product
// is encoded in the compute type's format first (matmul.hpp); all else is float32.
//
// Work is cut in one of two ways, which give the same bits: many rows are cut into tiles of rows that go through half a layer
// at a time and stay in a core's cache; few rows are cut by output columns and heads, so that all threads read the weights
// together. Threads: one run() at a time.
#pragma once
#include <memory>
#include <unordered_map>
#include "../engine/schedule/device.hpp"
#include "memory_plan.hpp"
#include "thread_pool.hpp"
#include "weights.hpp"
#include "widths.hpp"

namespace sextant::cpu {

class CpuDevice : public engine::Device {
 public:
  /// `tensors` are the architecture's; what they point to and the pool outlive the device. `end`: the ids that a row with
  /// forbid_end must not choose.
  CpuDevice(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const DevicePlan& plan,
            const Numerics& numerics, ThreadPool& pool, std::vector<int32_t> end);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;

 private:
  struct Range {
    uint32_t first, last;
  };                // [first, last)
  struct Encoded {  // rows of k numbers in the compute type's format
    Encoded() = default;
    Encoded(const MatMul& matmul, size_t rows, uint32_t numbers)
        : k(numbers), stride(matmul.row_bytes(numbers)), bytes(rows * stride) {}
    char* row(size_t r) { return bytes.data() + r * stride; }
    const char* row(size_t r) const { return bytes.data() + r * stride; }
    uint32_t k = 0;
    size_t stride = 0;
    Bytes bytes;
  };

  // cpu_device.cpp: a batch through the layers
  void copy_pages(const engine::Batch& batch);
  void embed(const engine::Batch& batch);
  uint32_t row_tiles(uint32_t rows) const;
  void layer_by_rows(const engine::Batch& batch, uint32_t layer, uint32_t tiles);
  void layer_by_columns(const engine::Batch& batch, uint32_t layer);
  template <class Body> void by_columns(uint32_t rows, uint32_t panels, Body&& body);
  void normalise(const Floats& weight, Range rows);
  void multiply(const Encoded& from, const Matrix& m, const Floats& bias, Range rows, Range panels, Floats& to,
                uint32_t to_stride, bool add);
  void project_residual(const Encoded& from, const Matrix& m, const Floats& bias, Range rows, Range panels);
  void add_residual(const Floats& post_norm, Range rows);

  // attention.cpp
  void compute_angles(const engine::Batch& batch);
  const std::vector<double>& frequencies(uint32_t rope, uint32_t rope_length);
  void project_qkv(uint32_t layer, Range rows, Range panels);
  void place_keys(const engine::Batch& batch, uint32_t layer, Range rows);
  void store(uint32_t layer, uint32_t page, uint32_t offset, const float* key, const float* value);
  void attend(const engine::Batch& batch, uint32_t layer, Range rows, Range kv_heads, uint32_t thread);
  void encode_attention(Range rows);
  char* page(uint32_t layer, uint32_t page, uint32_t kv_head) const;
  size_t page_step() const;  // bytes from one layer of a page to the next

  // feed_forward.cpp
  void gate_up(const FeedForwardWeights& w, const Encoded& from, Range rows, Range panels, Encoded& to, uint32_t thread);
  void experts(uint32_t layer, uint32_t rows);
  template <class Body> void by_expert(uint32_t panels, Body&& body);
  void route(const LayerWeights& w, Range rows, uint32_t thread);
  void group_by_expert(uint32_t rows);

  // head.cpp: only rows that are looked at, the vocabulary in chunks
  void give_states(const engine::Batch& batch, engine::Outputs& ret);
  void look(const engine::Batch& batch, engine::Outputs& ret);
  void look_at_chunk(const engine::Batch& batch, uint32_t chunk, uint32_t thread, engine::Outputs& ret);

  const engine::Architecture architecture_;
  const DevicePlan plan_;
  const Kernels& kernels_;
  const MatMul& matmul_;
  const AttentionFormat& attention_;
  ThreadPool& pool_;
  const std::vector<int32_t> end_;
  Weights weights_;
  const Widths width_;
  const bool plain_residual_;  // what a part computes is added as it is: the product can write into the stream itself

  mutable Bytes kv_;                 // [pages][layers][kv_heads] pages of attention_
  Floats angles_;                    // [ropes][rows]{cosine [dims / 2], sine [dims / 2]}
  std::vector<size_t> first_angle_;  // [ropes]
  std::vector<std::unordered_map<uint32_t, std::vector<double>>> frequencies_;  // [ropes] by rope_length
  Floats x_;                                                                    // [rows][hidden] residual stream
  Floats h_;                     // [rows][hidden] its norm, later what a part of the layer adds to it
  Floats qkv_rows_;              // [rows][query heads, key heads, value heads]
  Floats attention_rows_;        // [rows][heads]
  Encoded h_in_;                 // [rows][hidden] a norm, as a matrix takes it
  Encoded attention_in_;         // [rows][heads]
  Encoded act_;                  // [rows][feed_forward]
  std::vector<Floats> scratch_;  // [threads]
  // experts: slots are (row, expert) sorted by expert, then by row
  struct Choice {
    uint32_t expert, slot;
    float weight;
  };
  std::vector<Choice> choices_;          // [rows][used] by ascending expert
  std::vector<uint32_t> first_slot_;     // [experts + 1]
  Encoded slots_in_;                     // [slots][hidden]
  Encoded slot_act_;                     // [slots][expert]
  Floats slots_;                         // [slots][hidden] outputs
  Encoded head_rows_;                    // [rows of the head][hidden]
  std::vector<VocabularyChunk> chunks_;  // [rows of the head][chunks]
  std::vector<ChunkDetail> details_;     // likewise, where a row wants some
  std::vector<uint8_t> is_number_;       // [rows of the head]
  struct Want {
    uint32_t target, head;
  };
  std::vector<Want> wants_;           // targets by chunk, then by row
  std::vector<uint32_t> first_want_;  // [chunks + 1]
};

}  // namespace sextant::cpu
