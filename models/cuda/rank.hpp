// What one GPU does for a batch, in the pieces between which GPUs that hold a model together gather what each has computed. One
// that is alone does the same pieces. Each piece puts kernels and products into the GPU's stream and returns. T: as CudaDevice.
#pragma once
#include "../engine/architecture/tensors.hpp"
#include "batch_tables.hpp"
#include "products.hpp"
#include "memory_plan.hpp"
#include "score_head.hpp"
#include "split.hpp"

namespace sextant::cuda {

template <class T> class Rank {
 public:
  /// On the GPU that the calling thread has chosen; as CudaDevice otherwise. `tensors` are the whole model's.
  Rank(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const MemoryPlan& plan, Part part,
       const std::vector<int32_t>& end, uint32_t multiprocessors);

  /// What follows is for this GPU: the calling thread chooses it.
  void choose() const { CUDA_CHECK(cudaSetDevice(gpu_)); }
  int gpu() const { return gpu_; }
  cudaStream_t stream() const { return stream_; }
  const Buffers<T>& buffers() const { return buffers_; }
  const BatchTables& tables() const { return tables_; }
  ScoreHead<T>& head() { return head_; }
  const ScoreHead<T>& head() const { return head_; }
  const Products& products() const { return products_; }
  const BatchTables::Places& places() const { return places_; }
  /// How the layers' last half joins the stream, also where they were replayed.
  Joining joining_head() const { return left_by(weights_.layers.back()); }

  /// The batch's tables, and its copies of pages. Whatever must be allocated is allocated here: later a gather may be under
  /// way.
  void begin(const engine::Batch& batch);
  void embed();          // leaves x: of one among several, only the rows of its own ids
  void take_embedded();  // x, of the gathered ones
  void compute_angles();
  void attend(uint32_t layer);   // leaves attention_part
  void project(uint32_t layer);  // of the gathered attention; leaves add_part
  void gate(uint32_t layer);     // leaves act_part
  void project_gated(uint32_t layer);  // of the gathered act; leaves add_part
  // of a layer with experts, gate() and project_gated() are:
  void route(uint32_t layer);
  uint32_t gate_experts(uint32_t layer);  // waits for the choice of experts; returns how many rows act_part has
  void project_experts(uint32_t layer);
  /// Its work up to here is over when this event has come.
  void mark_end() { CUDA_CHECK(cudaEventRecord(done_, stream_)); }
  bool is_done() const;

 private:
  void choose_products(const engine::Architecture& whole);
  void copy(size_t first_layer, size_t layers, size_t copies, uint32_t count);
  void normalise(const float* weight);
  static Joining left_by(const LayerWeights<T>& layer) {
    return {layer.feed_forward.down_bias, layer.post_feed_forward_norm, true};
  }

  const int gpu_;
  const Part part_;
  const engine::Architecture architecture_;  // this GPU's part
  const MemoryPlan plan_;
  const uint32_t qkv_width_;                 // its own
  const uint32_t query_width_, feed_forward_, expert_feed_forward_;  // of all GPUs
  const uint32_t columns_;                   // of the stream, that it computes
  Stream stream_;
  Event done_;
  DeviceMemory memory_;
  Weights<T> weights_;
  Buffers<T> buffers_;
  T *keys_ = nullptr, *values_ = nullptr;  // [layers][pages][kv_heads][page_tokens][head_dim]
  size_t layer_stride_ = 0;                // elements
  Products products_;
  ScoreHead<T> head_;
  BatchTables tables_;
  BatchTables::Places places_{};
  Tables expert_tables_;
  PinnedMemory chosen_;  // grows
  Joining joining_;
  struct ExpertRows {  // of the layer that is under way
    std::vector<uint32_t> first, wanted;  // [experts + 1], [experts] slots
    size_t place = 0;
  } expert_rows_;
};

}  // namespace sextant::cuda
