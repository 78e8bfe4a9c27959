// What a batch is, to the device: which row stands where, what each block of the attention does, what the head looks for. Made
// on the host, sent in one copy.
#pragma once
#include <map>
#include <unordered_map>
#include <vector>
#include "../engine/architecture/architecture.hpp"
#include "../engine/schedule/device.hpp"
#include "memory_plan.hpp"
#include "split.hpp"
#include "tables.hpp"

namespace sextant::cuda {

class BatchTables {
 public:
  /// Where the tables of one batch stand; valid until the next make().
  struct Places {
    size_t tokens, positions, slots, row_class, pages, stores, head_rows, head_tasks, targets, end, draws, adjustments, states;
    size_t own_tokens,
        gathered_rows;  // of one GPU among several: rows of its part of the embedding, and of what all took from theirs
    std::vector<size_t> frequencies;  // [ropes]
    struct Attention {
      size_t rows, tasks, merges;
      uint32_t task_count, merge_count;
    };
    std::map<uint32_t, Attention> attention;  // by window
    std::vector<size_t> copies;
    std::vector<uint32_t> copy_counts;
    uint32_t store_count;
    struct Group {  // of rows of the head, looked at together
      uint32_t first, rows, first_draw, draws;
    };
    std::vector<Group> head_groups;
    uint32_t state_count;
    bool is_step;   // of decoding, which comes again and again: its tables are filled up to sizes that repeat
    uint32_t rows;  // that are computed: those of the batch, or a step's, filled up
  };

  /// `architecture`, the GPU's part of it, and `plan` outlive this. `end`: the ids that a row with forbid_end must not choose.
  BatchTables(const engine::Architecture& architecture, const MemoryPlan& plan, Part part, std::vector<int32_t> end,
              uint32_t multiprocessors, bool is_16_bit);

  /// The copy to the device is put into the stream; what used the tables before must be over.
  Places make(const engine::Batch& batch, cudaStream_t stream);
  /// All that the launches of a step's layers are given, but for what never changes.
  std::vector<size_t> step_key(const Places& places) const;
  template <class T> const T* at(size_t place) const { return tables_.at<T>(place); }
  uint32_t end_count() const { return static_cast<uint32_t>(end_.size()); }

 private:
  void add_tokens(const engine::Batch& batch, Places& ret);
  void add_positions(const engine::Batch& batch, Places& ret);
  void add_attention(const engine::Batch& batch, Places& ret);
  void add_head(const engine::Batch& batch, Places& ret);

  const engine::Architecture& architecture_;
  const MemoryPlan& plan_;
  const Part part_;
  const std::vector<int32_t> end_;
  const uint32_t multiprocessors_;
  const bool is_16_bit_;
  Tables tables_;
  std::vector<std::unordered_map<uint32_t, std::vector<double>>> frequencies_;  // [ropes] by rope_length
};

}  // namespace sextant::cuda
