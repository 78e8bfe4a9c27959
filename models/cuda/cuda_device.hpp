// A GPU as a device of the engine: a batch goes through the layers as a list of kernels and matrix products on one stream,
// without the host waiting in between (but for the choice of experts). T: bf16, fp16, or float for exactness. Threads: one run() at a
// time.
#pragma once
#include <map>
#include <memory>
#include <unordered_map>
#include "../engine/architecture/tensors.hpp"
#include "../engine/schedule/device.hpp"
#include "attention_plan.hpp"
#include "gemm.hpp"
#include "memory_plan.hpp"
#include "recorded_steps.hpp"
#include "tables.hpp"

namespace sextant::cuda {

template <class T> class CudaDevice : public engine::Device {
 public:
  /// `end`: the ids that a row with forbid_end must not choose. Nothing of the checkpoint is needed once this is made.
  CudaDevice(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const MemoryPlan& plan,
             std::vector<int32_t> end, uint32_t multiprocessors);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;
  uint32_t padded_products() const { return gemm_.padded_shapes(); }
  uint64_t replayed_steps() const { return steps_.replayed(); }

 private:
  // Where a batch's tables stand (tables.hpp).
  struct Places {
    size_t tokens, positions, slots, row_class, pages, stores, head_rows, head_tasks, targets, end;
    std::vector<size_t> frequencies;  // [ropes]
    struct Attention {
      size_t rows, tasks, merges;
      uint32_t task_count, merge_count;
    };
    std::map<uint32_t, Attention> attention;  // by window
    std::vector<size_t> copies;
    std::vector<uint32_t> copy_counts;
    uint32_t store_count;
    bool is_step;   // of decoding, which comes again and again: its tables are filled up to sizes that repeat
    uint32_t rows;  // that are computed: those of the batch, or a step's, filled up
  };

  void choose_products();
  Places make_tables(const engine::Batch& batch);
  std::vector<size_t> step_key(const Places& places) const;
  void add_positions(const engine::Batch& batch, Places& ret);
  void add_attention(const engine::Batch& batch, Places& ret);
  void add_head(const engine::Batch& batch, Places& ret);

  void copy(size_t first_layer, size_t layers, size_t copies, uint32_t count);
  bool compute_layers(const Places& places, const std::function<bool()>& cancelled);
  void compute_angles(uint32_t rows, const Places& places);
  /// What the half of a layer before left in buffers_.add, joined to the stream when the next norm is taken.
  struct Joining {
    const float *bias = nullptr, *norm = nullptr;
    bool any = false;
  };
  void normalise(const Joining& joining, const float* weight, uint32_t rows);
  Joining attend(uint32_t layer, uint32_t rows, const Places& places);
  void feed_forward(uint32_t layer, uint32_t rows);
  Joining left_by(const LayerWeights<T>& layer) const {
    return {layer.feed_forward.down_bias, layer.post_feed_forward_norm, true};
  }
  void experts(const LayerWeights<T>& weights, uint32_t rows);
  void look(const engine::Batch& batch, const Places& places, const Joining& joining);
  bool wait(const std::function<bool()>& cancelled);

  const engine::Architecture architecture_;
  const MemoryPlan plan_;
  const std::vector<int32_t> end_;
  const uint32_t multiprocessors_, qkv_width_, query_width_;
  Stream stream_;
  Event done_;
  DeviceMemory memory_;
  Weights<T> weights_;
  Buffers<T> buffers_;
  T *keys_ = nullptr, *values_ = nullptr;  // [layers][pages][kv_heads][16][head_dim]
  size_t layer_stride_ = 0;                // elements
  Gemm gemm_;
  Tables tables_, expert_tables_;
  RecordedSteps steps_;
  DeviceMemory target_logits_;                                                  // grows
  PinnedMemory results_, chosen_;                                               // grow
  std::vector<std::unordered_map<uint32_t, std::vector<double>>> frequencies_;  // [ropes] by rope_length
};

}  // namespace sextant::cuda
