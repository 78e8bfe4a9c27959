// The feed-forward part of a layer: one for all tokens, or experts that a router chooses for each.
#include <algorithm>
#include <cmath>
#include <cstring>
#include "../engine/architecture/fixed_math.hpp"
#include "cpu_device.hpp"

namespace sextant::cpu {

void CpuDevice::gate_up(const FeedForwardWeights& w, const Encoded& from, Range rows, Range panels, Encoded& to,
                        uint32_t thread) {
  const auto activate = architecture_.activation == engine::Activation::silu ? kernels_.swiglu : kernels_.geglu;
  float* y = scratch_[thread].data();  // [64]
  float* both = y + panel;             // [rows]{gate [64], up [64]}
  for (uint32_t p = panels.first; p < panels.last; ++p) {
    matmul_.multiply(from.row(rows.first), from.stride, rows.last - rows.first, w.gate_up.panels(2 * p, 2), both, 2 * panel,
                     false);
    for (uint32_t r = rows.first; r < rows.last; ++r) {
      float *gate = both + size_t{r - rows.first} * 2 * panel, *up = gate + panel;
      for (uint32_t i = 0; w.gate_bias && i < panel; ++i) {
        gate[i] += w.gate_bias[p * panel + i];
        up[i] += w.up_bias[p * panel + i];
      }
      activate(gate, up, y);
      matmul_.encode(y, p * panel, std::min(panel, to.k - p * panel), to.k, to.row(r));
    }
  }
}

// ---- experts: rows are gathered by expert, so that its weights are read once for all of them ----

// Softmax over all, the highest, ties to the lowest index (Fedus, Zoph and Shazeer 2021, equations 1 and 2).
void CpuDevice::route(const LayerWeights& w, Range rows, uint32_t thread) {
  const uint32_t count = architecture_.experts.count, used = architecture_.experts.used;
  float* logits = scratch_[thread].data();  // [rows][router]
  kernels_.matmul.multiply(h_.data() + size_t{rows.first} * width_.hidden, width_.hidden * sizeof(float),
                           rows.last - rows.first, w.router.panels(0, w.router.panel_count), logits, width_.router, false);
  const auto exp = is_exact(matmul_.compute) ? &engine::fixed::exp : +[](double x) { return std::exp(x); };
  std::vector<double> p(count);
  for (uint32_t r = rows.first; r < rows.last; ++r, logits += width_.router) {
    const float highest = *std::max_element(logits, logits + count);
    double sum = 0;
    for (uint32_t e = 0; e < count; ++e) sum += p[e] = exp(static_cast<double>(logits[e]) - highest);
    Choice* choice = choices_.data() + size_t{r} * used;
    std::vector<bool> taken(count);
    double sum_used = 0;
    for (uint32_t k = 0; k < used; ++k) {
      uint32_t best = count;
      for (uint32_t e = 0; e < count; ++e)
        if (!taken[e] && (best == count || logits[e] > logits[best])) best = e;
      taken[best] = true;
      sum_used += p[best];
    }
    const double divisor = architecture_.experts.normalise ? sum_used : sum;
    for (uint32_t e = 0; e < count; ++e)
      if (taken[e]) *choice++ = {e, 0, static_cast<float>(p[e] / divisor)};
  }
}

void CpuDevice::group_by_expert(uint32_t rows) {
  const uint32_t count = architecture_.experts.count, used = architecture_.experts.used;
  first_slot_.assign(count + 1, 0);
  for (const Choice& c : std::span(choices_.data(), size_t{rows} * used)) ++first_slot_[c.expert + 1];
  for (uint32_t e = 0; e < count; ++e) first_slot_[e + 1] += first_slot_[e];
  std::vector<uint32_t> next(first_slot_.begin(), first_slot_.end() - 1);
  for (Choice& c : std::span(choices_.data(), size_t{rows} * used)) c.slot = next[c.expert]++;
}

// body(expert, slots, panels, thread) over tiles of an expert's slots and so many panels that every thread gets some; experts
// without a row are left out
template <class Body> void CpuDevice::by_expert(uint32_t panels, Body&& body) {
  struct Task {
    uint32_t expert;
    Range slots;
  };
  const uint32_t tile = matmul_.tile_rows;
  std::vector<Task> tiles;
  for (uint32_t e = 0; e < architecture_.experts.count; ++e)
    for (uint32_t s = first_slot_[e]; s < first_slot_[e + 1]; s += tile)
      tiles.push_back({e, {s, std::min(s + tile, first_slot_[e + 1])}});
  const auto n = static_cast<uint32_t>(tiles.size());
  const uint32_t wanted = std::clamp(panels * n / (3 * pool_.size()), 1u, panels), groups = (panels + wanted - 1) / wanted;
  pool_.run(n * groups, [&](uint32_t t, uint32_t thread) {
    const Task& task = tiles[t / groups];
    const uint32_t g = t % groups;
    body(task.expert, task.slots, Range{g * wanted, std::min(panels, (g + 1) * wanted)}, thread);
  });
}

void CpuDevice::experts(uint32_t layer, uint32_t rows) {
  const LayerWeights& w = weights_.layers[layer];
  const uint32_t used = architecture_.experts.used, row_tiles = (rows + route_tile - 1) / route_tile;
  const size_t hidden = width_.hidden;
  const auto range = [&](uint32_t t) { return Range{t * route_tile, std::min(rows, (t + 1) * route_tile)}; };
  choices_.resize(size_t{plan_.rows_max} * used);
  pool_.run(row_tiles, [&](uint32_t t, uint32_t thread) { route(w, range(t), thread); });
  group_by_expert(rows);
  pool_.run(row_tiles, [&](uint32_t t, uint32_t) {
    for (size_t r = range(t).first; r < range(t).last; ++r)
      for (size_t k = r * used; k < (r + 1) * used; ++k)
        std::memcpy(slots_in_.row(choices_[k].slot), h_in_.row(r), h_in_.stride);
  });
  by_expert(w.experts[0].gate_up.panel_count / 2, [&](uint32_t e, Range slots, Range panels, uint32_t thread) {
    gate_up(w.experts[e], slots_in_, slots, panels, slot_act_, thread);
  });
  by_expert(w.experts[0].down.panel_count, [&](uint32_t e, Range slots, Range panels, uint32_t) {
    multiply(slot_act_, w.experts[e].down, w.experts[e].down_bias, slots, panels, slots_, width_.hidden, false);
  });
  pool_.run(row_tiles, [&](uint32_t t, uint32_t) {
    for (size_t r = range(t).first; r < range(t).last; ++r) {
      float* h = h_.data() + r * hidden;
      std::fill_n(h, hidden, 0.f);
      for (size_t k = r * used; k < (r + 1) * used; ++k) {  // by ascending expert, as transformers adds them
        const float* from = slots_.data() + choices_[k].slot * hidden;
        for (uint32_t i = 0; i < architecture_.hidden; ++i) h[i] += choices_[k].weight * from[i];
      }
    }
    add_residual(w.post_feed_forward_norm, range(t));
  });
}

}  // namespace sextant::cpu
