#include "cpu_device.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include "../engine/schedule/items.hpp"

namespace sextant::cpu {
namespace {

using engine::Architecture;
using engine::Batch;
using engine::Run;

constexpr uint32_t rows_per_batch = 1024;  // more bring no speed: the weights are read once per tile, not per batch
constexpr uint32_t tile_max = 96;          // rows; a tile's part of a layer stays in 1 MiB of second-level cache
constexpr uint32_t micro = 6;              // rows of the kernels' tile
constexpr uint32_t split_below = 96;       // rows per thread; fewer are cut by columns
constexpr uint32_t chunk_panels = 8;       // of the vocabulary: 512 ids at a time
constexpr uint32_t chunk = chunk_panels * panel;

uint32_t rounded(uint32_t n) { return (n + panel - 1) / panel * panel; }
uint32_t qkv_width(const Architecture& a) { return (a.heads + 2 * a.kv_heads) * a.head_dim; }
uint32_t chunk_count(const Architecture& a) { return (a.vocab + chunk - 1) / chunk; }
size_t scratch_floats(const Architecture& a) {
  return std::max({size_t{tile_max} * 2 * panel, size_t{tile_max} * chunk, attention_scratch(a.head_dim)});
}
size_t page_floats(const Architecture& a) { return size_t{2} * a.kv_heads * a.head_dim * engine::page_tokens; }
std::string mebibytes(size_t bytes) { return engine::with_commas((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

}  // namespace

Result<DevicePlan> plan_memory(const Architecture& a, uint32_t threads, uint32_t batch_size, uint32_t context, size_t memory) {
  DevicePlan plan;
  plan.context = context;
  plan.rows_max = rows_per_batch;
  plan.weights = weights_bytes(a);
  plan.page = a.layers.size() * page_floats(a) * sizeof(float);
  const size_t row = 3 * size_t{rounded(a.hidden)} + rounded(qkv_width(a)) + rounded(a.heads * a.head_dim) +
                     rounded(a.feed_forward) + chunk_count(a) * sizeof(VocabularyChunk) / sizeof(float);
  plan.buffers = (plan.rows_max * row + size_t{context} * a.ropes[0].dims + threads * scratch_floats(a)) * sizeof(float);
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

CpuDevice::CpuDevice(const engine::Checkpoint& checkpoint, const Architecture& a, const DevicePlan& plan,
                     const Kernels& kernels, ThreadPool& pool, std::vector<int32_t> end)
    : architecture_(a),
      plan_(plan),
      kernels_(kernels),
      pool_(pool),
      end_(std::move(end)),
      weights_(load_weights(checkpoint, a, pool)),
      hidden_(rounded(a.hidden)),
      qkv_(rounded(qkv_width(a))),
      attention_(rounded(a.heads * a.head_dim)),
      feed_forward_(rounded(a.feed_forward)),
      kv_(a.layers.size() * plan.pages * page_floats(a)),
      rope_(size_t{plan.context} * a.ropes[0].dims) {
  const size_t rows = plan.rows_max;
  x_ = Floats(rows * hidden_);
  h_ = Floats(rows * hidden_);
  qkv_rows_ = Floats(rows * qkv_);
  attention_rows_ = Floats(rows * attention_);
  act_ = Floats(rows * feed_forward_);
  for (uint32_t t = 0; t < pool.size(); ++t) scratch_.emplace_back(scratch_floats(a));
  const uint32_t half = a.ropes[0].dims / 2;
  const std::vector<double> frequencies = engine::rope_frequencies(a.ropes[0], 0);
  pool_.run(plan.context, [&](uint32_t position, uint32_t) {
    float* cosine = rope_.data() + size_t{position} * a.ropes[0].dims;
    for (uint32_t i = 0; i < half; ++i) {
      cosine[i] = static_cast<float>(std::cos(position * frequencies[i]));
      cosine[half + i] = static_cast<float>(std::sin(position * frequencies[i]));
    }
  });
}

engine::DeviceLimits CpuDevice::limits() const { return {plan_.rows_max, plan_.pages, plan_.context, architecture_.vocab}; }

float* CpuDevice::page(uint32_t layer, uint32_t page, uint32_t kv_head) const {
  const size_t head = size_t{2} * architecture_.head_dim * page_keys;
  return kv_.data() + ((size_t{layer} * plan_.pages + page) * architecture_.kv_heads + kv_head) * head;
}

bool CpuDevice::run(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  copy_pages(batch);
  embed(batch);
  const uint32_t rows = batch.rows(), threads = pool_.size();
  const uint32_t tiles = (rows + tile_max - 1) / tile_max, even = (rows / (4 * threads) + micro - 1) / micro * micro;
  const uint32_t tile = tiles >= 8 * threads ? tile_max : std::clamp(even, 4 * micro, tile_max);
  for (uint32_t l = 0; l < architecture_.layers.size(); ++l) {
    if (cancelled()) return false;
    if (rows >= split_below * threads) layer_by_rows(batch, l, tile);
    else layer_by_columns(batch, l);
  }
  look(batch, ret_outputs);
  return true;
}

// Copies may follow one another (a copy of a copy): within a layer they keep their order.
void CpuDevice::copy_pages(const Batch& batch) {
  if (batch.copies.empty()) return;
  pool_.run(static_cast<uint32_t>(architecture_.layers.size()), [&](uint32_t layer, uint32_t) {
    for (const engine::PageCopy& c : batch.copies)
      std::memcpy(page(layer, c.to, 0), page(layer, c.from, 0), page_floats(architecture_) * sizeof(float));
  });
}

void CpuDevice::embed(const Batch& batch) {
  pool_.run((batch.rows() + 31) / 32, [&](uint32_t tile, uint32_t) {
    for (uint32_t r = tile * 32; r < std::min(tile * 32 + 32, batch.rows()); ++r)
      engine::read_row(weights_.embedding, static_cast<uint64_t>(batch.tokens[r]), x_.data() + size_t{r} * hidden_);
  });
}

void CpuDevice::layer_by_rows(const Batch& batch, uint32_t layer, uint32_t tile) {
  const LayerWeights& w = weights_.layers[layer];
  const uint32_t rows = batch.rows(), tiles = (rows + tile - 1) / tile;
  const auto range = [&](uint32_t t) { return Range{t * tile, std::min(rows, (t + 1) * tile)}; };
  pool_.run(tiles, [&](uint32_t t, uint32_t) {
    normalise(w.attention_norm, range(t));
    project_qkv(layer, range(t), {0, w.qkv.panel_count});
    place_keys(batch, layer, range(t));
  });
  pool_.run(tiles, [&](uint32_t t, uint32_t thread) {
    const Range r = range(tiles - 1 - t);  // the last tiles see the most keys: the small ones fill the end
    attend(batch, layer, r, {0, architecture_.kv_heads}, thread);
    project_output(layer, r, {0, w.output.panel_count});
    normalise(w.feed_forward_norm, r);
    gate_up(layer, r, {0, w.gate_up.panel_count / 2}, thread);
    project_down(layer, r, {0, w.down.panel_count});
  });
}

// body(rows, panels, thread) over tiles of up to tile_max rows and so many panels that every thread gets some
template <class Body> void CpuDevice::by_columns(uint32_t rows, uint32_t panels, Body&& body) {
  const uint32_t row_tiles = (rows + tile_max - 1) / tile_max;
  const uint32_t wanted = std::max(1u, panels * row_tiles / (3 * pool_.size())), groups = (panels + wanted - 1) / wanted;
  pool_.run(row_tiles * groups, [&](uint32_t t, uint32_t thread) {
    const uint32_t r = t / groups, g = t % groups;
    body(Range{r * tile_max, std::min(rows, (r + 1) * tile_max)}, Range{g * wanted, std::min(panels, (g + 1) * wanted)},
         thread);
  });
}

void CpuDevice::layer_by_columns(const Batch& batch, uint32_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  const uint32_t rows = batch.rows();
  const auto each_row = [&](auto&& body) {
    pool_.run((rows + 7) / 8, [&](uint32_t t, uint32_t) { body(Range{t * 8, std::min(rows, t * 8 + 8)}); });
  };
  each_row([&](Range r) { normalise(w.attention_norm, r); });
  by_columns(rows, w.qkv.panel_count, [&](Range r, Range p, uint32_t) { project_qkv(layer, r, p); });
  each_row([&](Range r) { place_keys(batch, layer, r); });
  const uint32_t kv_heads = architecture_.kv_heads, row_tiles = (rows + 15) / 16;
  pool_.run(row_tiles * kv_heads, [&](uint32_t t, uint32_t thread) {
    const uint32_t r = t / kv_heads, g = t % kv_heads;
    attend(batch, layer, {r * 16, std::min(rows, r * 16 + 16)}, {g, g + 1}, thread);
  });
  by_columns(rows, w.output.panel_count, [&](Range r, Range p, uint32_t) { project_output(layer, r, p); });
  each_row([&](Range r) { normalise(w.feed_forward_norm, r); });
  by_columns(rows, w.gate_up.panel_count / 2, [&](Range r, Range p, uint32_t thread) { gate_up(layer, r, p, thread); });
  by_columns(rows, w.down.panel_count, [&](Range r, Range p, uint32_t) { project_down(layer, r, p); });
}

void CpuDevice::normalise(const Floats& weight, Range rows) {
  for (size_t r = rows.first; r < rows.last; ++r)
    kernels_.rms_norm(x_.data() + r * hidden_, weight.data(), h_.data() + r * hidden_, architecture_.hidden,
                      architecture_.norm_epsilon);
}

void CpuDevice::project_qkv(uint32_t layer, Range rows, Range panels) {
  const Matrix& m = weights_.layers[layer].qkv;
  kernels_.gemm(h_.data() + size_t{rows.first} * hidden_, hidden_, rows.last - rows.first,
                m.panels.data() + size_t{panels.first} * panel * m.k, m.k, panels.last - panels.first,
                qkv_rows_.data() + size_t{rows.first} * qkv_ + panels.first * panel, qkv_, false);
}

void CpuDevice::store(uint32_t layer, uint32_t to, uint32_t offset, const float* key, const float* value) {
  const uint32_t head_dim = architecture_.head_dim;
  for (uint32_t g = 0; g < architecture_.kv_heads; ++g) {
    float* keys = page(layer, to, g);
    for (uint32_t i = 0; i < head_dim; ++i) keys[i * page_keys + offset] = key[g * head_dim + i];
    std::memcpy(keys + (page_keys + offset) * size_t{head_dim}, value + g * head_dim, head_dim * sizeof(float));
  }
}

// Rotates queries and keys, and puts keys and values where the scheduler wants them.
void CpuDevice::place_keys(const Batch& batch, uint32_t layer, Range rows) {
  const Architecture& a = architecture_;
  auto run = std::upper_bound(batch.runs.begin(), batch.runs.end(), rows.first,
                              [](uint32_t row, const Run& r) { return row < r.first_row; }) -
             1;
  auto extra = std::lower_bound(batch.stores.begin(), batch.stores.end(), rows.first,
                                [](const engine::ExtraStore& s, uint32_t row) { return s.row < row; });
  for (uint32_t r = rows.first; r < rows.last; ++r) {
    if (r >= run->first_row + run->rows) ++run;
    float* row = qkv_rows_.data() + size_t{r} * qkv_;
    const uint32_t position = batch.positions[r];
    const float* cosine = rope_.data() + size_t{position} * a.ropes[0].dims;
    for (uint32_t head = 0; head < a.heads + a.kv_heads; ++head)
      kernels_.rope(row + size_t{head} * a.head_dim, cosine, cosine + a.ropes[0].dims / 2, a.ropes[0].dims / 2);
    const float *key = row + size_t{a.heads} * a.head_dim, *value = key + size_t{a.kv_heads} * a.head_dim;
    store(layer, batch.pages[run->first_page + position / engine::page_tokens], position % engine::page_tokens, key, value);
    for (; extra != batch.stores.end() && extra->row == r; ++extra) store(layer, extra->page, extra->offset, key, value);
  }
}

void CpuDevice::attend(const Batch& batch, uint32_t layer, Range rows, Range kv_heads, uint32_t thread) {
  const Architecture& a = architecture_;
  const uint32_t group = a.heads / a.kv_heads, tokens_max = std::max(1u, attention_rows_max / group);
  const size_t value_offset = size_t{a.head_dim} * page_keys;
  const float* query[attention_rows_max];
  float* out[attention_rows_max];
  uint32_t position[attention_rows_max];
  std::vector<const float*> keys, values;
  auto run = std::upper_bound(batch.runs.begin(), batch.runs.end(), rows.first,
                              [](uint32_t row, const Run& r) { return row < r.first_row; }) -
             1;
  for (; run != batch.runs.end() && run->first_row < rows.last; ++run) {
    const Range part{std::max(rows.first, run->first_row), std::min(rows.last, run->first_row + run->rows)};
    const uint32_t pages = engine::pages_for(run->position + part.last - run->first_row);
    for (uint32_t g = kv_heads.first; g < kv_heads.last; ++g) {
      keys.clear();
      values.clear();
      for (uint32_t p = 0; p < pages; ++p) {
        keys.push_back(page(layer, batch.pages[run->first_page + p], g));
        values.push_back(keys.back() + value_offset);
      }
      // more query heads to a key head than one call takes: several calls a token
      const uint32_t heads_step = std::min(group, attention_rows_max);
      for (uint32_t first = part.first; first < part.last; first += tokens_max)
        for (uint32_t head = 0; head < group; head += heads_step) {
          uint32_t n = 0;
          for (uint32_t r = first; r < std::min(first + tokens_max, part.last); ++r)
            for (uint32_t i = head; i < std::min(head + heads_step, group); ++i, ++n) {
              query[n] = qkv_rows_.data() + size_t{r} * qkv_ + size_t{g * group + i} * a.head_dim;
              out[n] = attention_rows_.data() + size_t{r} * attention_ + size_t{g * group + i} * a.head_dim;
              position[n] = batch.positions[r];
            }
          const float scale = static_cast<float>(1.4426950408889634 * static_cast<double>(a.attention_scale));
          kernels_.attend({query, position, out, n, a.head_dim, keys.data(), values.data(), scale, scratch_[thread].data()});
        }
    }
  }
}

void CpuDevice::project_output(uint32_t layer, Range rows, Range panels) {
  const Matrix& m = weights_.layers[layer].output;
  kernels_.gemm(attention_rows_.data() + size_t{rows.first} * attention_, attention_, rows.last - rows.first,
                m.panels.data() + size_t{panels.first} * panel * m.k, m.k, panels.last - panels.first,
                x_.data() + size_t{rows.first} * hidden_ + panels.first * panel, hidden_, true);
}

void CpuDevice::gate_up(uint32_t layer, Range rows, Range panels, uint32_t thread) {
  const Matrix& m = weights_.layers[layer].gate_up;
  float* both = scratch_[thread].data();  // [rows]{gate [64], up [64]}
  for (uint32_t p = panels.first; p < panels.last; ++p) {
    kernels_.gemm(h_.data() + size_t{rows.first} * hidden_, hidden_, rows.last - rows.first,
                  m.panels.data() + size_t{2} * p * panel * m.k, m.k, 2, both, 2 * panel, false);
    for (uint32_t r = rows.first; r < rows.last; ++r) {
      const float* gate = both + size_t{r - rows.first} * 2 * panel;
      kernels_.swiglu(gate, gate + panel, act_.data() + size_t{r} * feed_forward_ + p * panel);
    }
  }
}

void CpuDevice::project_down(uint32_t layer, Range rows, Range panels) {
  const Matrix& m = weights_.layers[layer].down;
  kernels_.gemm(act_.data() + size_t{rows.first} * feed_forward_, feed_forward_, rows.last - rows.first,
                m.panels.data() + size_t{panels.first} * panel * m.k, m.k, panels.last - panels.first,
                x_.data() + size_t{rows.first} * hidden_ + panels.first * panel, hidden_, true);
}

// ---- the head: only rows that are looked at, the vocabulary in chunks ----

void CpuDevice::look(const Batch& batch, engine::Outputs& ret) {
  const auto rows = static_cast<uint32_t>(batch.head.size()), chunks = chunk_count(architecture_);
  ret.head.resize(rows);
  ret.target_logits.resize(batch.targets.size());
  if (rows == 0) return;
  if (head_rows_.bytes() < size_t{rows} * hidden_ * sizeof(float))
    head_rows_ = Floats(size_t{std::max(rows, plan_.rows_max)} * hidden_);
  chunks_.resize(size_t{rows} * chunks);
  pool_.run((rows + 15) / 16, [&](uint32_t t, uint32_t) {
    for (uint32_t r = t * 16; r < std::min(rows, t * 16 + 16); ++r)
      kernels_.rms_norm(x_.data() + size_t{batch.head[r].row} * hidden_, weights_.final_norm.data(),
                        head_rows_.data() + size_t{r} * hidden_, architecture_.hidden, architecture_.norm_epsilon);
  });
  // targets sorted by chunk, and by row within one
  first_want_.assign(chunks + 1, 0);
  for (const int32_t id : batch.targets) ++first_want_[static_cast<uint32_t>(id) / chunk + 1];
  for (uint32_t c = 0; c < chunks; ++c) first_want_[c + 1] += first_want_[c];
  wants_.resize(batch.targets.size());
  std::vector<uint32_t> next(first_want_.begin(), first_want_.end() - 1);
  for (uint32_t r = 0; r < rows; ++r)
    for (uint32_t t = batch.head[r].first_target; t < batch.head[r].first_target + batch.head[r].target_count; ++t)
      wants_[next[static_cast<uint32_t>(batch.targets[t]) / chunk]++] = {t, r};
  pool_.run(chunks, [&](uint32_t c, uint32_t thread) { look_at_chunk(batch, c, thread, ret); });
  for (uint32_t r = 0; r < rows; ++r) {  // in the order of the chunks
    const VocabularyChunk* part = chunks_.data() + size_t{r} * chunks;
    uint32_t top = 0;
    for (uint32_t c = 1; c < chunks; ++c)
      if (part[c].max > part[top].max) top = c;
    double sum = 0;
    for (uint32_t c = 0; c < chunks; ++c) sum += part[c].sum * std::exp(static_cast<double>(part[c].max) - part[top].max);
    ret.head[r] = {part[top].max + std::log(sum), static_cast<int32_t>(top * chunk + part[top].best)};
  }
}

void CpuDevice::look_at_chunk(const Batch& batch, uint32_t c, uint32_t thread, engine::Outputs& ret) {
  constexpr float lowest = -1e30f;
  const auto rows = static_cast<uint32_t>(batch.head.size());
  const uint32_t chunks = chunk_count(architecture_), first_id = c * chunk,
                 ids = std::min(chunk, architecture_.vocab - first_id);
  const uint32_t panels = std::min(chunk_panels, weights_.head.panel_count - c * chunk_panels), padded = (ids + 15) / 16 * 16;
  float* logits = scratch_[thread].data();  // [tile][chunk]
  uint32_t want = first_want_[c];
  for (uint32_t first = 0; first < rows; first += tile_max) {
    const uint32_t last = std::min(rows, first + tile_max);
    kernels_.gemm(head_rows_.data() + size_t{first} * hidden_, hidden_, last - first,
                  weights_.head.panels.data() + size_t{first_id} * weights_.head.k, weights_.head.k, panels, logits, chunk,
                  false);
    for (; want < first_want_[c + 1] && wants_[want].head < last; ++want)
      ret.target_logits[wants_[want].target] = logits[size_t{wants_[want].head - first} * chunk +
                                                      static_cast<uint32_t>(batch.targets[wants_[want].target]) - first_id];
    for (uint32_t r = first; r < last; ++r) {
      float* row = logits + size_t{r - first} * chunk;
      if (batch.head[r].logits) std::memcpy(batch.head[r].logits + first_id, row, ids * sizeof(float));
      if (batch.head[r].forbid_end)
        for (const int32_t id : end_)
          if (static_cast<uint32_t>(id) >= first_id && static_cast<uint32_t>(id) < first_id + ids)
            row[static_cast<uint32_t>(id) - first_id] = lowest;
      std::fill(row + ids, row + padded, lowest);
      chunks_[size_t{r} * chunks + c] = kernels_.vocabulary(row, padded);
    }
  }
}

}  // namespace sextant::cpu
