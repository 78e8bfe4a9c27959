// Cuts a batch's attention into blocks of threads. Which blocks there are changes no bit (kernels.hpp), so this is about speed
// alone: keys that several sequences share are read once for all of them, and few long rows are spread over the GPU.
#pragma once
#include <vector>
#include "../engine/schedule/device.hpp"
#include "kernels/kernels.hpp"

namespace sextant::cuda {

struct AttentionPlan {
  std::vector<uint32_t> rows;  // of the batch, in the order of the tasks
  std::vector<AttentionTask> tasks;
  std::vector<AttentionMerge> merges;  // of the rows that are cut into splits
};

struct AttentionLimits {
  uint32_t rows_max;       // of a task
  uint32_t window;         // 0: none
  uint32_t blocks_wanted;  // tasks that fill the GPU
  uint32_t partials_max;   // room for partial results
};

/// Runs of few rows are cut into splits of their keys where that brings more blocks, or lets sequences share: runs whose page
/// tables are equal over a whole split, and all before it, form one task there. The others get whole tasks.
AttentionPlan plan_attention(const engine::Batch& batch, const AttentionLimits& limits);

}  // namespace sextant::cuda
