#include "memory_plan.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include "../engine/schedule/device.hpp"
#include "weights.hpp"
#include "widths.hpp"

namespace sextant::cpu {

static_assert(chunk == chunk_panels * panel);

uint32_t chunk_count(const engine::Architecture& a) { return (a.vocab + chunk - 1) / chunk; }
size_t scratch_floats(const engine::Architecture& a, const Numerics& with) {
  const Widths width(a);
  // gate and up, logits, attention, a row's norm or activations, the router
  return std::max({size_t{with.matmul.tile_rows} * 2 * panel + panel, size_t{with.matmul.tile_rows} * chunk,
                   with.attention.scratch_floats(width.head), size_t{width.hidden}, size_t{route_tile} * width.router});
}
uint32_t rope_floats(const engine::Architecture& a) {
  uint32_t floats = 0;
  for (const engine::Rope& rope : a.ropes) floats += rope.dims;
  return floats;
}
size_t page_bytes(const engine::Architecture& a, const AttentionFormat& attention) {
  return a.kv_heads * attention.page_bytes(Widths(a).head);
}

Result<DevicePlan> plan_memory(const engine::ModelTensors& tensors, const engine::Architecture& a, const Numerics& with,
                               uint32_t threads, uint32_t batch_size, uint32_t context, size_t memory) {
  const Widths width(a);
  DevicePlan plan;
  plan.context = context;
  plan.rows_max = rows_per_batch;
  plan.weights = weights_bytes(tensors, a, with.matmul.weights);
  plan.file = tensors.embedding.tensor->bytes.size();
  plan.page = a.layers.size() * page_bytes(a, with.attention);
  const auto encoded = with.matmul.row_bytes;
  // the head has as many rows at most
  const size_t floats =
      2 * size_t{width.hidden} + width.qkv + width.attention + rope_floats(a) + size_t{a.experts.used} * width.hidden;
  const size_t row = floats * sizeof(float) + 2 * encoded(a.hidden) + encoded(width.heads) + encoded(a.feed_forward) +
                     a.experts.used * (encoded(a.hidden) + encoded(a.experts.feed_forward)) +
                     chunk_count(a) * (sizeof(VocabularyChunk) + sizeof(ChunkDetail));
  plan.buffers = plan.rows_max * row + threads * scratch_floats(a, with) * sizeof(float);
  // one path at its longest, and the copy of a page where a generation leaves it
  const size_t least = engine::pages_for(context) + 2;
  const size_t useful = (size_t{batch_size} + 1) * engine::pages_for(context) + plan.rows_max;
  const size_t fixed = plan.weights + plan.buffers, fits = memory > fixed ? (memory - fixed) / plan.page : 0;
  if (fits < least)
    return Error{Error::Kind::config, fmt::format("memory: {} are too few: the weights take {}, the buffers {}, and the keys "
                                                  "and values of one sequence of {} tokens {}; "
                                                  "raise memory or lower max_seq_len",
                                                  mebibytes(memory), mebibytes(plan.weights), mebibytes(plan.buffers),
                                                  with_commas(context), mebibytes(least * plan.page))};
  plan.pages = static_cast<uint32_t>(std::min({fits, useful, size_t{UINT32_MAX / engine::page_tokens}}));
  return plan;
}

}  // namespace sextant::cpu
