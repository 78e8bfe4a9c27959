// The attention part of a layer: angles of the batch's positions, queries, keys and values, and what is seen through them.
#include <algorithm>
#include <cmath>
#include "../engine/architecture/fixed_math.hpp"
#include "cpu_device.hpp"

namespace sextant::cpu {
namespace {

using engine::Batch;
using engine::Run;

static_assert(page_keys == engine::page_tokens);
constexpr size_t lengths_kept = 4096;  // frequencies of so many request lengths; they are cheap to compute again

auto run_of(const Batch& batch, uint32_t row) {
  return std::upper_bound(batch.runs.begin(), batch.runs.end(), row,
                          [](uint32_t r, const Run& run) { return r < run.first_row; }) -
         1;
}

uint32_t shared_pages(const Batch& batch, const Run& a, const Run& b) {
  const uint32_t *first = batch.pages.data() + a.first_page, *second = batch.pages.data() + b.first_page;
  const uint32_t most = std::min(engine::pages_for(a.position + a.rows), engine::pages_for(b.position + b.rows));
  return static_cast<uint32_t>(std::mismatch(first, first + most, second).first - first);
}

// The paths of the rows from `first` on, rows counted in tokens: up to `most`, and no further than a path that shares no block
// with the one before. ret_last: where they end; `run`, that of `first`, becomes that of ret_last.
template <class Runs>
uint32_t collect_paths(const Batch& batch, Runs& run, uint32_t first, uint32_t most, PathRows* ret_paths, uint32_t& ret_last) {
  uint32_t count = 0, shared = 0;
  for (ret_last = first; ret_last < most;) {
    const uint32_t last = std::min(most, run->first_row + run->rows);
    ret_paths[count++] = {last - ret_last, batch.pages.data() + run->first_page, shared};
    ret_last = last;
    if (last < run->first_row + run->rows) break;
    const auto& before = *run++;
    if (run == batch.runs.end()) break;
    shared = shared_pages(batch, before, *run);
    if (shared * page_keys < key_block) break;
  }
  return count;
}

}  // namespace

const std::vector<double>& CpuDevice::frequencies(uint32_t rope, uint32_t rope_length) {
  auto& known = frequencies_[rope];
  const auto [it, added] = known.try_emplace(rope_length);
  if (added) it->second = engine::rope_frequencies(architecture_.ropes[rope], rope_length, is_exact(matmul_.compute));
  return it->second;
}

// Once for all layers. In double: an angle of thousands of radians has no digits to lose.
void CpuDevice::compute_angles(const Batch& batch) {
  const auto sine_cosine = is_exact(matmul_.compute) ? &engine::fixed::sine_cosine : +[](double x) {
    return engine::fixed::SineCosine{std::sin(x), std::cos(x)};
  };
  for (uint32_t k = 0; k < architecture_.ropes.size(); ++k) {
    const engine::Rope& rope = architecture_.ropes[k];
    const uint32_t half = rope.dims / 2;
    std::vector<const double*> frequency(batch.rows());
    if (frequencies_[k].size() > lengths_kept) frequencies_[k].clear();
    for (const Run& run : batch.runs)
      std::fill_n(frequency.begin() + run.first_row, run.rows, frequencies(k, run.rope_length).data());
    pool_.run((batch.rows() + 15) / 16, [&](uint32_t tile, uint32_t) {
      for (uint32_t r = tile * 16; r < std::min(tile * 16 + 16, batch.rows()); ++r) {
        float* cosine = angles_.data() + first_angle_[k] + size_t{r} * rope.dims;
        for (uint32_t i = 0; i < half; ++i) {
          const engine::fixed::SineCosine of = sine_cosine(batch.positions[r] * frequency[r][i]);
          cosine[i] = static_cast<float>(of.cosine * rope.magnitude);
          cosine[half + i] = static_cast<float>(of.sine * rope.magnitude);
        }
      }
    });
  }
}

void CpuDevice::project_qkv(uint32_t layer, Range rows, Range panels) {
  const LayerWeights& w = weights_.layers[layer];
  multiply(h_in_, w.qkv, w.qkv_bias, rows, panels, qkv_rows_, width_.qkv, false);
}

size_t CpuDevice::page_step() const { return page_bytes(architecture_, attention_); }

// All layers of a page lie together: pages that were never used are then the end of the memory, in whole huge pages.
char* CpuDevice::page(uint32_t layer, uint32_t page, uint32_t kv_head) const {
  return kv_.data() + (page * architecture_.layers.size() + layer) * page_step() + kv_head * attention_.page_bytes(width_.head);
}

void CpuDevice::store(uint32_t layer, uint32_t to, uint32_t offset, const float* key, const float* value) {
  const uint32_t head = width_.head;
  for (uint32_t g = 0; g < architecture_.kv_heads; ++g)
    attention_.put(key + g * head, value + g * head, head, offset, page(layer, to, g));
}

// Normalises and rotates queries and keys, and puts keys and values where the scheduler wants them.
void CpuDevice::place_keys(const Batch& batch, uint32_t layer, Range rows) {
  const engine::Architecture& a = architecture_;
  const LayerWeights& w = weights_.layers[layer];
  const int32_t rope = a.layers[layer].rope;
  auto run = run_of(batch, rows.first);
  auto extra = std::lower_bound(batch.stores.begin(), batch.stores.end(), rows.first,
                                [](const engine::ExtraStore& s, uint32_t row) { return s.row < row; });
  for (uint32_t r = rows.first; r < rows.last; ++r) {
    if (r >= run->first_row + run->rows) ++run;
    float* row = qkv_rows_.data() + size_t{r} * width_.qkv;
    for (uint32_t head = 0; a.qk_norm && head < a.heads + a.kv_heads; ++head) {
      float* x = row + size_t{head} * width_.head;
      kernels_.rms_norm(x, (head < a.heads ? w.q_norm : w.k_norm).data(), x, a.head_dim, a.norm_epsilon);
    }
    if (rope >= 0) {
      const auto k = static_cast<size_t>(rope);
      const uint32_t dims = a.ropes[k].dims;
      const float* cosine = angles_.data() + first_angle_[k] + size_t{r} * dims;
      for (uint32_t head = 0; head < a.heads + a.kv_heads; ++head)
        kernels_.rope(row + size_t{head} * width_.head, cosine, cosine + dims / 2, dims / 2);
    }
    const float *key = row + width_.heads, *value = key + size_t{a.kv_heads} * width_.head;
    const uint32_t position = batch.positions[r];
    store(layer, batch.pages[run->first_page + position / engine::page_tokens], position % engine::page_tokens, key, value);
    for (; extra != batch.stores.end() && extra->row == r; ++extra) store(layer, extra->page, extra->offset, key, value);
  }
}

void CpuDevice::attend(const Batch& batch, uint32_t layer, Range rows, Range kv_heads, uint32_t thread) {
  constexpr double log2_e = 1.4426950408889634;
  const engine::Architecture& a = architecture_;
  const uint32_t group = a.heads / a.kv_heads, tokens_max = std::max(1u, attention_rows_max / group);
  const auto scale = static_cast<float>(log2_e * static_cast<double>(a.attention_scale));
  const auto soft_cap = static_cast<float>(log2_e * static_cast<double>(a.attention_softcap));
  const float* query[attention_rows_max];
  float* out[attention_rows_max];
  uint32_t position[attention_rows_max];
  PathRows paths[attention_rows_max];
  // more query heads to a key head than one call takes: several calls a token
  const uint32_t heads_step = std::min(group, attention_rows_max);
  auto run = run_of(batch, rows.first);
  for (uint32_t first = rows.first, last; first < rows.last; first = last) {
    const uint32_t path_count = collect_paths(batch, run, first, std::min(first + tokens_max, rows.last), paths, last);
    for (uint32_t g = kv_heads.first; g < kv_heads.last; ++g)
      for (uint32_t head = 0; head < group; head += heads_step) {
        const uint32_t heads = std::min(heads_step, group - head);
        PathRows of_heads[attention_rows_max];
        for (uint32_t p = 0; p < path_count; ++p) of_heads[p] = {paths[p].rows * heads, paths[p].pages, paths[p].shared_pages};
        uint32_t n = 0;
        for (uint32_t r = first; r < last; ++r)
          for (uint32_t i = head; i < head + heads; ++i, ++n) {
            query[n] = qkv_rows_.data() + size_t{r} * width_.qkv + size_t{g * group + i} * width_.head;
            out[n] = attention_rows_.data() + size_t{r} * width_.attention + size_t{g * group + i} * width_.head;
            position[n] = batch.positions[r];
          }
        attention_.attend({query, position, out, n, width_.head, of_heads, page(layer, 0, g), a.layers.size() * page_step(),
                           scale, scratch_[thread].data(), a.layers[layer].window, soft_cap});
      }
  }
}

void CpuDevice::encode_attention(Range rows) {
  for (size_t r = rows.first; r < rows.last; ++r)
    matmul_.encode(attention_rows_.data() + r * width_.attention, 0, attention_in_.k, attention_in_.k, attention_in_.row(r));
}

}  // namespace sextant::cpu
