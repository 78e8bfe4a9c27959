#include "memory_plan.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../engine/schedule/device.hpp"
#include "../engine/schedule/items.hpp"
#include "weights.hpp"
#include "widths.hpp"

namespace sextant::cpu {
namespace {

std::string mebibytes(size_t bytes) { return engine::with_commas((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

}  // namespace

static_assert(chunk == chunk_panels * panel);

uint32_t chunk_count(const engine::Architecture& a) { return (a.vocab + chunk - 1) / chunk; }
size_t scratch_floats(const engine::Architecture& a) {
  const Widths width(a);
  return std::max({size_t{tile_max} * 2 * panel, size_t{tile_max} * chunk, attention_scratch(width.head),
                   size_t{route_tile} * width.router});
}
uint32_t rope_floats(const engine::Architecture& a) {
  uint32_t floats = 0;
  for (const engine::Rope& rope : a.ropes) floats += rope.dims;
  return floats;
}
size_t page_floats(const engine::Architecture& a) { return size_t{2} * a.kv_heads * Widths(a).head * engine::page_tokens; }

Result<DevicePlan> plan_memory(const engine::Architecture& a, uint32_t threads, uint32_t batch_size, uint32_t context,
                               size_t memory) {
  const Widths width(a);
  DevicePlan plan;
  plan.context = context;
  plan.rows_max = rows_per_batch;
  plan.weights = weights_bytes(a);
  plan.page = a.layers.size() * page_floats(a) * sizeof(float);
  const size_t row = 3 * size_t{width.hidden} + width.qkv + width.attention + width.feed_forward + rope_floats(a) +
                     size_t{a.experts.used} * (width.hidden + width.expert) +
                     chunk_count(a) * sizeof(VocabularyChunk) / sizeof(float);
  plan.buffers = (plan.rows_max * row + threads * scratch_floats(a)) * sizeof(float);
  // one path at its longest, and the copy of a page where a generation leaves it
  const size_t least = engine::pages_for(context) + 2;
  const size_t useful = (size_t{batch_size} + 1) * engine::pages_for(context) + plan.rows_max;
  const size_t fixed = plan.weights + plan.buffers, fits = memory > fixed ? (memory - fixed) / plan.page : 0;
  if (fits < least)
    return Error{Error::Kind::config, fmt::format("memory: {} are too few: the weights take {}, the buffers {}, and the keys "
                                                  "and values of one sequence of {} tokens {}; "
                                                  "raise memory or lower max_seq_len",
                                                  mebibytes(memory), mebibytes(plan.weights), mebibytes(plan.buffers),
                                                  engine::with_commas(context), mebibytes(least * plan.page))};
  plan.pages = static_cast<uint32_t>(std::min({fits, useful, size_t{UINT32_MAX / engine::page_tokens}}));
  return plan;
}

}  // namespace sextant::cpu
