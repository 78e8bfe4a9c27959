#include "batch_tables.hpp"
#include <algorithm>
#include <bit>
#include "attention_plan.hpp"
#include "page_copies.hpp"

namespace sextant::cuda {

using engine::Batch;
using engine::Run;

namespace {

constexpr size_t tables_bytes = 1 << 20;  // at first
constexpr uint32_t step_rows_max = 1024;  // more rows keep the GPU busy for longer than launching takes
template <class T> void fill_up(std::vector<T>& table, size_t size, T value) {
  table.resize(std::max(table.size(), size), value);
}

}  // namespace

BatchTables::BatchTables(const engine::Architecture& architecture, const MemoryPlan& plan, Part part, std::vector<int32_t> end,
                         uint32_t multiprocessors, bool is_16_bit)
    : architecture_(architecture),
      plan_(plan),
      part_(part),
      end_(std::move(end)),
      multiprocessors_(multiprocessors),
      is_16_bit_(is_16_bit),
      tables_(tables_bytes),
      frequencies_(architecture.ropes.size()) {}

BatchTables::Places BatchTables::make(const Batch& batch, cudaStream_t stream) {
  tables_.clear();
  Places places{};
  // not recorded: experts are chosen on the host, in the middle of a layer; what several GPUs do begins on one thread, in one
  // order
  places.is_step = batch.runs.size() == batch.rows() && batch.rows() <= step_rows_max && batch.stores.empty() &&
                   plan_.slots == 0 && part_.ranks == 1;
  places.rows = places.is_step ? std::bit_ceil(batch.rows()) : batch.rows();
  add_tokens(batch, places);
  add_positions(batch, places);
  add_attention(batch, places);
  places.pages = tables_.add(batch.pages);
  for (const auto& round : rounds_of(batch.copies)) {
    places.copies.push_back(tables_.add(round));
    places.copy_counts.push_back(static_cast<uint32_t>(round.size()));
  }
  add_head(batch, places);
  places.states = tables_.add(batch.states);
  places.state_count = static_cast<uint32_t>(batch.states.size());
  tables_.send(stream);
  return places;
}

// All that the launches of compute_layers are given, but for what never changes.
std::vector<size_t> BatchTables::step_key(const Places& p) const {
  std::vector<size_t> key{
      reinterpret_cast<size_t>(tables_.at<std::byte>(0)), p.rows, p.tokens, p.positions, p.slots, p.row_class, p.pages};
  key.insert(key.end(), p.frequencies.begin(), p.frequencies.end());
  for (const auto& [window, a] : p.attention) key.insert(key.end(), {a.rows, a.tasks, a.merges, a.task_count, a.merge_count});
  return key;
}

void BatchTables::add_tokens(const Batch& batch, Places& ret) {
  std::vector<int32_t> tokens = batch.tokens;
  fill_up(tokens, ret.rows, 0);
  ret.tokens = tables_.add(tokens);
  if (part_.ranks == 1) return;
  const Shares ids = vocabulary(architecture_.vocab, plan_.chunk, part_.ranks);
  std::vector<int32_t> own(ret.rows);
  std::vector<uint32_t> gathered(ret.rows);
  for (uint32_t r = 0; r < ret.rows; ++r) {
    const auto id = static_cast<uint32_t>(tokens[r]);
    const uint32_t owner = ids.owner(id);
    own[r] = owner == part_.rank ? static_cast<int32_t>(id - ids.first(owner)) : 0;
    gathered[r] = owner * ret.rows + r;
  }
  ret.own_tokens = tables_.add(own);
  ret.gathered_rows = tables_.add(gathered);
}

void BatchTables::add_positions(const Batch& batch, Places& ret) {
  std::vector<uint32_t> positions = batch.positions, slots(ret.rows, no_index), row_class(ret.rows), classes;
  fill_up(positions, ret.rows, 0u);
  for (const Run& run : batch.runs) {
    auto found = std::find(classes.begin(), classes.end(), run.rope_length);
    if (found == classes.end()) found = classes.insert(classes.end(), run.rope_length);
    for (uint32_t r = run.first_row; r < run.first_row + run.rows; ++r) {
      const uint32_t position = batch.positions[r];
      slots[r] = batch.pages[run.first_page + position / page_tokens] * page_tokens + position % page_tokens;
      row_class[r] = static_cast<uint32_t>(found - classes.begin());
    }
  }
  ret.positions = tables_.add(positions);
  ret.slots = tables_.add(slots);
  ret.row_class = tables_.add(row_class);
  std::vector<SlotCopy> stores;
  for (const engine::ExtraStore& s : batch.stores) stores.push_back({slots[s.row], s.page * page_tokens + s.offset, 1});
  ret.stores = tables_.add(stores);
  ret.store_count = static_cast<uint32_t>(stores.size());
  for (size_t r = 0; r < architecture_.ropes.size(); ++r) {
    std::vector<double> frequencies;
    for (const uint32_t length : classes) {
      auto& known = frequencies_[r][length];
      if (known.empty()) known = engine::rope_frequencies(architecture_.ropes[r], length);
      frequencies.insert(frequencies.end(), known.begin(), known.end());
    }
    ret.frequencies.push_back(tables_.add(frequencies));
  }
}

void BatchTables::add_attention(const Batch& batch, Places& ret) {
  const engine::Architecture& a = architecture_;
  for (const engine::LayerShape& layer : a.layers) {
    if (ret.attention.count(layer.window)) continue;
    AttentionPlan plan =
        plan_attention(batch, {attention_rows(a.heads / a.kv_heads, a.head_dim, is_16_bit_), layer.window,
                               (2 * multiprocessors_ + a.kv_heads - 1) / a.kv_heads, plan_.partials});
    if (ret.is_step) {
      fill_up(plan.rows, ret.rows, 0u);
      fill_up(plan.tasks, std::bit_ceil(plan.tasks.size()), AttentionTask{});
      if (!plan.merges.empty()) fill_up(plan.merges, std::bit_ceil(plan.merges.size()), AttentionMerge{});
    }
    ret.attention[layer.window] = {tables_.add(plan.rows),
                                   tables_.add(plan.tasks),
                                   tables_.add(plan.merges),
                                   static_cast<uint32_t>(plan.tasks.size()),
                                   static_cast<uint32_t>(plan.merges.size())};
  }
}

void BatchTables::add_head(const Batch& batch, Places& ret) {
  std::vector<uint32_t> rows;
  std::vector<HeadTask> tasks;
  std::vector<DrawTask> draws;
  for (const engine::HeadRow& h : batch.head) {
    const bool drawn = h.draw.temperature > 0;
    const auto i = static_cast<uint32_t>(rows.size());
    if (i == 0 || ret.head_groups.back().rows == plan_.head_rows || (drawn && ret.head_groups.back().draws == plan_.draws))
      ret.head_groups.push_back({i, 0, static_cast<uint32_t>(draws.size()), 0});
    auto& group = ret.head_groups.back();
    rows.push_back(h.row);
    tasks.push_back(
        {h.first_target, h.target_count, h.forbid_end, drawn ? group.draws : no_index, h.first_adjustment, h.adjustment_count});
    if (drawn) draws.push_back({h.draw, i, h.forbid_end});
    ++group.rows, group.draws += drawn;
  }
  ret.draws = tables_.add(draws);
  ret.head_rows = tables_.add(rows);
  ret.head_tasks = tables_.add(tasks);
  ret.targets = tables_.add(batch.targets);
  ret.adjustments = tables_.add(batch.adjustments);
  ret.end = tables_.add(end_);
}

}  // namespace sextant::cuda
