// The end of a batch: for the rows that predict something, what the vocabulary says of them. T: as CudaDevice.
#pragma once
#include "../engine/schedule/device.hpp"
#include "batch_tables.hpp"
#include "products.hpp"

namespace sextant::cuda {

/// What half a layer left in Buffers::add, joined to the stream when the next norm is taken.
struct Joining {
  const float *bias = nullptr, *norm = nullptr;
  bool any = false;
};

template <class T> class ScoreHead {
 public:
  /// All that is given outlives this.
  ScoreHead(const engine::Architecture& architecture, const MemoryPlan& plan, const Weights<T>& weights, const Buffers<T>& buffers,
            Products& products)
      : architecture_(architecture), plan_(plan), weights_(weights), buffers_(buffers), products_(products) {}

  void choose_products();
  /// Puts its work, and the copies of its results, into the stream.
  void look(const engine::Batch& batch, const BatchTables& tables, const BatchTables::Places& places, Joining joining,
            cudaStream_t stream);
  /// Once the stream has got there.
  void read(const engine::Batch& batch, engine::Outputs& ret_outputs) const;

 private:
  const engine::Architecture& architecture_;
  const MemoryPlan& plan_;
  const Weights<T>& weights_;
  const Buffers<T>& buffers_;
  Products& products_;
  DeviceMemory target_logits_;  // grows
  DeviceMemory states_;         // grows: several generations may begin with the same row
  PinnedMemory results_;        // grows
};

}  // namespace sextant::cuda
