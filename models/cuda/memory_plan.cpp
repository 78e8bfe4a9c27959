#include "memory_plan.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include "gemm.hpp"
#include "split.hpp"

namespace sextant::cuda {
namespace {

using engine::Architecture;

constexpr uint32_t rows_least = 256;
static_assert(rows_least % Gemm::padded_rows == 0);
constexpr uint32_t chunk_most = 8192;    // 32 MiB of logits
constexpr uint32_t chunks_least = 4;  // so that several GPUs have some
constexpr uint32_t draws_most = 64;  // a block each, so that few more run at once
constexpr uint32_t partials_most = 4096;

}  // namespace

template <class T> Buffers<T> lay_out_buffers(const Architecture& whole, const MemoryPlan& plan, Carver& carver) {
  const Architecture a = part_of(whole, {plan.ranks - 1, plan.ranks});  // no rank has more
  const size_t rows = plan.rows_max, hidden = a.hidden, heads = size_t{a.heads} * a.head_dim, slots = plan.slots,
               ranks = plan.ranks;
  bool any_dense = false;
  for (const engine::LayerShape& layer : a.layers) any_dense |= !layer.experts;
  const size_t gated = std::max(any_dense ? rows * a.feed_forward : 0, slots * a.experts.feed_forward);
  Buffers<T> b;
  b.x = carver.take<float>(rows * hidden);
  b.h = carver.take<T>(rows * hidden);
  b.add = carver.take<T>(rows * hidden);
  b.qkv = carver.take<T>(rows * (heads + size_t{2} * a.kv_heads * a.head_dim));
  b.attention = carver.take<T>(rows * heads * ranks);
  b.gate_up = carver.take<T>(2 * gated);
  b.act = carver.take<T>(std::max(any_dense ? rows * whole.feed_forward : 0, slots * whole.experts.feed_forward));
  size_t pairs = 0;
  for (const engine::Rope& rope : a.ropes) pairs += rope.dims / 2;
  b.angles = carver.take<float2>(rows * pairs);
  b.partial_out = carver.take<float>(plan.partials * heads);
  b.partial_state = carver.take<float2>(size_t{plan.partials} * a.heads);
  b.head = carver.take<T>(plan.head_rows * hidden);
  b.logits = carver.take<float>(std::max(size_t{plan.head_rows} * plan.chunk, hidden));
  b.kept = carver.take<float>(size_t{plan.draws} * a.vocab);
  if (slots > 0) {
    b.router = carver.take<float>(rows * a.experts.count);
    b.chosen = carver.take<uint32_t>(rows * a.experts.used);
    b.choice = carver.take<float>(rows * a.experts.used);
    b.slot_in = carver.take<T>(slots * hidden);
    b.slot_out = carver.take<T>(slots * columns(a.hidden, plan.ranks).most());
  }
  b.workspace = carver.take<std::byte>(Gemm::workspace_bytes);
  b.attention_part = b.attention, b.act_part = b.act, b.add_part = b.add;
  if (ranks == 1) return b;
  // one part is gathered at a time; a head's states stand beside its kept logits
  const Shares ids = vocabulary(a.vocab, plan.chunk, plan.ranks);
  const size_t chunks = ids.units_most(), kept = size_t{plan.draws} * ids.most() * sizeof(float);
  const size_t states = chunks * plan.head_rows * sizeof(HeadState);
  const size_t part = std::max(sizeof(T) * std::max({rows * columns(a.hidden, plan.ranks).most(), rows * heads, gated}), kept);
  b.attention_part = b.act_part = b.add_part = reinterpret_cast<T*>(carver.take<std::byte>(part));
  b.kept_part = reinterpret_cast<float*>(b.add_part);
  b.states_part = reinterpret_cast<HeadState*>(carver.take<std::byte>(states));
  b.gathered = carver.take<std::byte>(
      ranks * std::max({part, states, rows * hidden * sizeof(float)}));  // the embedding's rows are whole
  return b;
}

namespace {

// What shows that a product of a GPU's columns has the bits of the whole product (Gemm::choose): no more than the largest
// matrix.
template <class T> size_t proof_bytes(const Architecture& a) {
  const size_t heads = size_t{a.heads} * a.head_dim, qkv = heads + size_t{2} * a.kv_heads * a.head_dim;
  const size_t feed_forward = std::max(a.feed_forward, a.experts.feed_forward);
  return std::max({Gemm::proof_bytes<T>(a.hidden, qkv), Gemm::proof_bytes<T>(heads, a.hidden),
                   Gemm::proof_bytes<T>(a.hidden, 2 * feed_forward), Gemm::proof_bytes<T>(feed_forward, a.hidden)});
}

}  // namespace

template <class T>
Result<MemoryPlan> plan_memory(const Architecture& a, const engine::ModelTensors& tensors, uint32_t ranks, uint32_t batch_size,
                               uint32_t context, size_t memory, bool keep_quantised) {
  MemoryPlan plan;
  plan.ranks = ranks;
  plan.keep_quantised = keep_quantised;
  plan.context = context;
  plan.chunk = std::min(chunk_most, ((a.vocab + chunks_least - 1) / chunks_least + 7) / 8 * 8);
  plan.draws = std::min(draws_most, batch_size);
  plan.partials = partials_most;
  for (uint32_t rank = 0; rank < ranks; ++rank) {  // the vocabulary need not be even
    Carver weights;
    lay_out_weights<T>(part_of(tensors, a, {rank, ranks}, plan.chunk), a, keep_quantised, weights);
    plan.weights = std::max(plan.weights, weights.used());
  }
  plan.page = sizeof(T) * 2 * a.layers.size() * part_of(a, {0, ranks}).kv_heads * a.head_dim * page_tokens;
  const size_t left = memory > plan.weights ? memory - plan.weights : 0;
  for (plan.rows_max = rows_most;; plan.rows_max /= 2) {  // a quarter of what the weights leave, if that is enough for anything
    plan.head_rows = std::min(head_rows_most, plan.rows_max);
    plan.slots = a.experts.count ? plan.rows_max * a.experts.used + expert_rows_step * a.experts.count : 0;
    Carver buffers;
    lay_out_buffers<T>(a, plan, buffers);
    plan.buffers = buffers.used();
    if (plan.buffers <= left / 4 || plan.rows_max == rows_least) break;
    plan.partials = std::max(plan.partials / 2, 512u);
  }
  // one path at its longest, and the copy of a page where a generation leaves it
  const size_t proof = ranks > 1 ? (proof_bytes<T>(a) + plan.page - 1) / plan.page : 0;  // in what the pages take later
  const size_t least = std::max(size_t{engine::pages_for(context)} + 2, proof);
  const size_t useful = std::max((size_t{batch_size} + 1) * engine::pages_for(context) + plan.rows_max, least);
  const size_t fixed = plan.weights + plan.buffers, fits = memory > fixed ? (memory - fixed) / plan.page : 0;
  if (fits < least)
    return Error{
        Error::Kind::config,
        fmt::format(
            "memory: {} are too few{}: the weights take {}, the buffers {}, and the keys and values of one sequence of {} "
            "tokens {}{}; raise memory or lower max_seq_len",
            mebibytes(memory), ranks > 1 ? fmt::format(" on each of {} GPUs", ranks) : "", mebibytes(plan.weights),
            mebibytes(plan.buffers), with_commas(context), mebibytes((engine::pages_for(context) + 2) * plan.page),
            least == proof ? fmt::format(", or the test of the products in their place {}", mebibytes(proof * plan.page))
                           : "")};
  plan.pages = static_cast<uint32_t>(std::min({fits, useful, size_t{UINT32_MAX / page_tokens}}));
  return plan;
}

template Buffers<bf16> lay_out_buffers(const Architecture&, const MemoryPlan&, Carver&);
template Buffers<fp16> lay_out_buffers(const Architecture&, const MemoryPlan&, Carver&);
template Buffers<float> lay_out_buffers(const Architecture&, const MemoryPlan&, Carver&);
template Result<MemoryPlan> plan_memory<bf16>(const Architecture&, const engine::ModelTensors&, uint32_t, uint32_t, uint32_t,
                                              size_t, bool);
template Result<MemoryPlan> plan_memory<fp16>(const Architecture&, const engine::ModelTensors&, uint32_t, uint32_t, uint32_t,
                                              size_t, bool);
template Result<MemoryPlan> plan_memory<float>(const Architecture&, const engine::ModelTensors&, uint32_t, uint32_t, uint32_t,
                                               size_t, bool);

}  // namespace sextant::cuda
