// The end of a batch: for the rows that predict something, what the vocabulary says of them; and the states of rows that are
// wanted. A GPU looks at its own chunks of the vocabulary; where there are several, what each has seen is gathered between the
// pieces. T: as CudaDevice.
#pragma once
#include "../engine/schedule/device.hpp"
#include "batch_tables.hpp"
#include "products.hpp"
#include "split.hpp"

namespace sextant::cuda {

/// What half a layer left in Buffers::add, joined to the stream when the next norm is taken.
struct Joining {
  const float *bias = nullptr, *norm = nullptr;
  bool any = false;
};

template <class T> class ScoreHead {
 public:
  using Group = BatchTables::Places::Group;

  /// All that is given outlives this. `architecture`: the GPU's part.
  ScoreHead(const engine::Architecture& architecture, const MemoryPlan& plan, Part part, const Weights<T>& weights,
            const Buffers<T>& buffers, Products& products)
      : architecture_(architecture),
        plan_(plan),
        part_(part),
        ids_(vocabulary(architecture.vocab, plan.chunk, part.ranks)),
        weights_(weights),
        buffers_(buffers),
        products_(products) {}

  void choose_products();
  const Shares& ids() const { return ids_; }

  // All of these put work into the stream.
  /// Makes room for a batch's results.
  void reserve(const engine::Batch& batch);
  /// Looks at the GPU's chunks for a group's rows: their states, or where it is not alone states_part and, with draws,
  /// kept_part.
  void look(const BatchTables& tables, const BatchTables::Places& places, const Group& group, Joining joining,
            cudaStream_t stream);
  /// `gathered` are all states_part's [chunks][rows of the group]; then, where there are draws, all kept_part's.
  void join_states(const Group& group, cudaStream_t stream);
  void join_kept(const Group& group, cudaStream_t stream);
  void draw(const BatchTables& tables, const BatchTables::Places& places, const Group& group, cudaStream_t stream);
  /// The wanted rows' last norms, to the host. Every GPU has the whole stream, so one of them does it. After the groups: it
  /// uses their logits' room.
  void give_states(const BatchTables& tables, const BatchTables::Places& places, Joining joining, cudaStream_t stream);
  /// Copies the results of all groups to the host.
  void send(const engine::Batch& batch, cudaStream_t stream);

  // Once the stream has got there.
  void read_heads(std::vector<engine::HeadResult>& ret_heads) const;
  /// Of the targets whose ids are the GPU's own.
  void read_targets(const engine::Batch& batch, std::vector<float>& ret_logits) const;
  void read_states(const engine::Batch& batch, std::vector<float>& ret_states) const;

 private:
  HeadState* states() const { return reinterpret_cast<HeadState*>(states_.data()); }
  float* target_logits() const { return reinterpret_cast<float*>(target_logits_.data()); }

  const engine::Architecture& architecture_;
  const MemoryPlan& plan_;
  const Part part_;
  const Shares ids_;  // of the vocabulary, in chunks
  const Weights<T>& weights_;
  const Buffers<T>& buffers_;
  Products& products_;
  DeviceMemory target_logits_;  // grows
  DeviceMemory states_;         // grows: several generations may begin with the same row
  PinnedMemory results_;        // grows
  PinnedMemory state_rows_;     // grows
};

}  // namespace sextant::cuda
