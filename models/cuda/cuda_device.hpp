// A GPU as a device of the engine: a batch goes through the layers as a list of kernels and matrix products on one stream,
// without the host waiting in between (but for the choice of experts). T: bf16, fp16, or float for exactness. Threads: one run() at a
// time, from any.
#pragma once
#include "../engine/architecture/tensors.hpp"
#include "../engine/schedule/device.hpp"
#include "batch_tables.hpp"
#include "memory_plan.hpp"
#include "products.hpp"
#include "recorded_steps.hpp"
#include "score_head.hpp"

namespace sextant::cuda {

template <class T> class CudaDevice : public engine::Device {
 public:
  /// On the GPU that the calling thread has chosen. `end`: the ids that a row with forbid_end must not choose. Nothing of the
  /// checkpoint is needed once this is made.
  CudaDevice(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const MemoryPlan& plan,
             std::vector<int32_t> end, uint32_t multiprocessors);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;
  uint32_t padded_products() const { return products_.padded_shapes(); }
  uint64_t replayed_steps() const { return steps_.replayed(); }

 private:
  using Places = BatchTables::Places;

  void choose_products();
  void copy(size_t first_layer, size_t layers, size_t copies, uint32_t count);
  bool compute_layers(const Places& places, const std::function<bool()>& cancelled);
  void compute_angles(uint32_t rows, const Places& places);
  void normalise(const Joining& joining, const float* weight, uint32_t rows);
  Joining attend(uint32_t layer, uint32_t rows, const Places& places);
  void feed_forward(uint32_t layer, uint32_t rows);
  Joining left_by(const LayerWeights<T>& layer) const {
    return {layer.feed_forward.down_bias, layer.post_feed_forward_norm, true};
  }
  void experts(const LayerWeights<T>& weights, uint32_t rows);
  bool wait(const std::function<bool()>& cancelled);

  const int gpu_;
  const engine::Architecture architecture_;
  const MemoryPlan plan_;
  const uint32_t qkv_width_, query_width_;
  Stream stream_;
  Event done_;
  DeviceMemory memory_;
  Weights<T> weights_;
  Buffers<T> buffers_;
  T *keys_ = nullptr, *values_ = nullptr;  // [layers][pages][kv_heads][16][head_dim]
  size_t layer_stride_ = 0;                // elements
  Products products_;
  ScoreHead<T> head_;
  BatchTables tables_;
  Tables expert_tables_;
  RecordedSteps steps_;
  PinnedMemory chosen_;  // grows
};

}  // namespace sextant::cuda
