// A GPU, or several that hold one model together, as a device of the engine: a batch goes through the layers as a list of
// kernels and matrix products on one stream of each, without the host waiting in between (but for the choice of experts). T:
// bf16, fp16, or float for exactness. Threads: one run() at a time, from any.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>
#include "../engine/schedule/device.hpp"
#include "group.hpp"
#include "rank.hpp"
#include "recorded_steps.hpp"

namespace sextant::cuda {

template <class T> class CudaDevice : public engine::Device {
 public:
  /// On the GPUs first_gpu .. first_gpu + plan.ranks - 1. `end`: the ids that a row with forbid_end must not choose. Nothing of
  /// the checkpoint is needed once this is made.
  CudaDevice(const engine::ModelTensors& tensors, const engine::Architecture& architecture, const MemoryPlan& plan,
             const std::vector<int32_t>& end, int first_gpu, uint32_t multiprocessors);

  engine::DeviceLimits limits() const override;
  bool run(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) override;
  /// Products as Gemm counts them, of the GPU that has most.
  uint32_t padded_shapes() const { return most([](const Products& p) { return p.padded_shapes(); }); }
  uint32_t deviating_shapes() const { return most([](const Products& p) { return p.deviating_shapes(); }); }
  uint64_t replayed_steps() const { return steps_.replayed(); }

 private:
  bool compute(const engine::Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs);
  bool compute_layers(const std::function<bool()>& cancelled);
  void feed_forward(uint32_t layer);
  void look(const engine::Batch& batch);
  bool wait(const std::function<bool()>& cancelled);
  // The GPUs' parts need not be alike.
  template <class Count> uint32_t most(Count&& count) const {
    uint32_t out = 0;
    for (const auto& rank : ranks_) out = std::max(out, count(rank->products()));
    return out;
  }
  /// Calls body(rank) for each, with its GPU chosen.
  template <class Body> void each(Body&& body);
  /// [rows][its columns] of each GPU become [rows][shares.width] on all. Where one is alone it has written there.
  void gather(T* Buffers<T>::*part, T* Buffers<T>::*whole, uint32_t rows, const Shares& shares);
  /// `bytes` of each GPU's part, one after the other, into `gathered` of all.
  void gather(const std::function<const void*(const Buffers<T>&)>& part, size_t bytes);

  const engine::Architecture architecture_;
  const MemoryPlan plan_;
  std::vector<std::unique_ptr<Rank<T>>> ranks_;
  std::unique_ptr<Group> group_;  // null where one is alone; ends before what it works on
  RecordedSteps steps_;
};

}  // namespace sextant::cuda
