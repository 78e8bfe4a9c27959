// A batch through the layers: how the work is cut, and what belongs to neither attention, feed-forward part nor head.
#include "cpu_device.hpp"
#include <algorithm>
#include <cstring>
#include "speed.hpp"

namespace sextant::cpu {
namespace {

using engine::Batch;

constexpr uint32_t split_below = 96;      // rows per thread; fewer are cut by columns
constexpr uint32_t tiles_per_thread = 4;  // at least, as far as they are not too small

}  // namespace

CpuDevice::CpuDevice(const engine::ModelTensors& tensors, const engine::Architecture& a, const DevicePlan& plan,
                     const Numerics& numerics, ThreadPool& pool, std::vector<int32_t> end)
    : architecture_(a),
      plan_(plan),
      kernels_(numerics.kernels),
      matmul_(numerics.matmul),
      attention_(numerics.attention),
      pool_(pool),
      end_(std::move(end)),
      weights_(load_weights(tensors, a, numerics.matmul.weights, pool)),
      width_(a),
      plain_residual_(!a.post_norms && a.residual_scale == 1),
      kv_(a.layers.size() * plan.pages * page_bytes(a, numerics.attention)),
      frequencies_(a.ropes.size()) {
  const size_t rows = plan.rows_max, slots = rows * a.experts.used;
  x_ = Floats(rows * width_.hidden);
  h_ = Floats(rows * width_.hidden);
  qkv_rows_ = Floats(rows * width_.qkv);
  attention_rows_ = Floats(rows * width_.attention);
  h_in_ = Encoded(matmul_, rows, a.hidden);
  attention_in_ = Encoded(matmul_, rows, width_.heads);
  act_ = Encoded(matmul_, rows, a.feed_forward);
  slots_in_ = Encoded(matmul_, slots, a.hidden);
  slot_act_ = Encoded(matmul_, slots, a.experts.feed_forward);
  slots_ = Floats(slots * width_.hidden);
  angles_ = Floats(rows * rope_floats(a));
  for (size_t first = 0; const engine::Rope& rope : a.ropes) {
    first_angle_.push_back(first);
    first += rows * rope.dims;
  }
  for (uint32_t t = 0; t < pool.size(); ++t) scratch_.emplace_back(scratch_floats(a, numerics));
}

engine::DeviceLimits CpuDevice::limits() const {
  return {.rows_max = plan_.rows_max,
          .pages = plan_.pages,
          .context = plan_.context,
          .vocab = architecture_.vocab,
          .hidden = architecture_.hidden,
          .step_rows = step_rows(matmul_)};
}

bool CpuDevice::run(const Batch& batch, const std::function<bool()>& cancelled, engine::Outputs& ret_outputs) {
  copy_pages(batch);
  embed(batch);
  compute_angles(batch);
  const uint32_t rows = batch.rows(), threads = pool_.size();
  const uint32_t tiles = row_tiles(rows);
  for (uint32_t l = 0; l < architecture_.layers.size(); ++l) {
    if (cancelled()) return false;
    if (rows >= split_below * threads) layer_by_rows(batch, l, tiles);
    else layer_by_columns(batch, l);
  }
  look(batch, ret_outputs);
  give_states(batch, ret_outputs);
  return true;
}

// Into how many tiles the rows are cut: about as many a thread as tiles_per_thread, none larger than a tile may be, and a
// multiple of the threads, so that none waits for the other's last one.
uint32_t CpuDevice::row_tiles(uint32_t rows) const {
  const uint32_t step = matmul_.rows_together, threads = pool_.size();
  const uint32_t even = (rows / (tiles_per_thread * threads) + step - 1) / step * step;
  const uint32_t tile = std::clamp(even, std::min(4 * step, matmul_.tile_rows), matmul_.tile_rows);
  const uint32_t most = (rows + step - 1) / step, tiles = (rows + tile - 1) / tile;
  return std::min(most, (tiles + threads - 1) / threads * threads);
}

// Copies may follow one another (a copy of a copy): within a layer they keep their order.
void CpuDevice::copy_pages(const Batch& batch) {
  if (batch.copies.empty()) return;
  pool_.run(static_cast<uint32_t>(architecture_.layers.size()), [&](uint32_t layer, uint32_t) {
    for (const engine::PageCopy& c : batch.copies)
      std::memcpy(page(layer, c.to, 0), page(layer, c.from, 0), page_step());
  });
}

void CpuDevice::embed(const Batch& batch) {
  const float scale = architecture_.embedding_scale;
  pool_.run((batch.rows() + 31) / 32, [&](uint32_t tile, uint32_t) {
    for (uint32_t r = tile * 32; r < std::min(tile * 32 + 32, batch.rows()); ++r) {
      float* x = x_.data() + size_t{r} * width_.hidden;
      engine::read_row(weights_.embedding, static_cast<uint64_t>(batch.tokens[r]), x);
      for (uint32_t i = 0; scale != 1 && i < architecture_.hidden; ++i) x[i] *= scale;
    }
  });
}

void CpuDevice::layer_by_rows(const Batch& batch, uint32_t layer, uint32_t tiles) {
  const LayerWeights& w = weights_.layers[layer];
  const FeedForwardWeights& f = w.feed_forward;
  const bool experts_here = architecture_.layers[layer].experts;
  // whole steps of rows, as equally many a tile as can be
  const uint32_t rows = batch.rows(), step = matmul_.rows_together, steps = (rows + step - 1) / step;
  const auto range = [&](uint32_t t) {
    return Range{steps * t / tiles * step, std::min(rows, steps * (t + 1) / tiles * step)};
  };
  pool_.run(tiles, [&](uint32_t t, uint32_t) {
    normalise(w.attention_norm, range(t));
    project_qkv(layer, range(t), {0, w.qkv.panel_count});
    place_keys(batch, layer, range(t));
  });
  pool_.run(tiles, [&](uint32_t t, uint32_t thread) {
    const Range r = range(tiles - 1 - t);  // the last tiles see the most keys: the small ones fill the end
    attend(batch, layer, r, {0, architecture_.kv_heads}, thread);
    encode_attention(r);
    project_residual(attention_in_, w.output, w.output_bias, r, {0, w.output.panel_count});
    if (!plain_residual_) add_residual(w.post_attention_norm, r);
    normalise(w.feed_forward_norm, r);
    if (experts_here) return;
    gate_up(f, h_in_, r, {0, f.gate_up.panel_count / 2}, act_, thread);
    project_residual(act_, f.down, f.down_bias, r, {0, f.down.panel_count});
    if (!plain_residual_) add_residual(w.post_feed_forward_norm, r);
  });
  if (experts_here) experts(layer, rows);
}

// body(rows, panels, thread) over tiles of up to tile_max rows and so many panels that every thread gets some
template <class Body> void CpuDevice::by_columns(uint32_t rows, uint32_t panels, Body&& body) {
  const uint32_t tile = matmul_.tile_rows, row_tiles = (rows + tile - 1) / tile;
  const uint32_t wanted = std::max(1u, panels * row_tiles / (3 * pool_.size())), groups = (panels + wanted - 1) / wanted;
  pool_.run(row_tiles * groups, [&](uint32_t t, uint32_t thread) {
    const uint32_t r = t / groups, g = t % groups;
    body(Range{r * tile, std::min(rows, (r + 1) * tile)}, Range{g * wanted, std::min(panels, (g + 1) * wanted)}, thread);
  });
}

void CpuDevice::layer_by_columns(const Batch& batch, uint32_t layer) {
  const LayerWeights& w = weights_.layers[layer];
  const FeedForwardWeights& f = w.feed_forward;
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
  each_row([&](Range r) { encode_attention(r); });
  by_columns(rows, w.output.panel_count,
             [&](Range r, Range p, uint32_t) { project_residual(attention_in_, w.output, w.output_bias, r, p); });
  each_row([&](Range r) {
    if (!plain_residual_) add_residual(w.post_attention_norm, r);
    normalise(w.feed_forward_norm, r);
  });
  if (architecture_.layers[layer].experts) return experts(layer, rows);
  by_columns(rows, f.gate_up.panel_count / 2,
             [&](Range r, Range p, uint32_t thread) { gate_up(f, h_in_, r, p, act_, thread); });
  by_columns(rows, f.down.panel_count, [&](Range r, Range p, uint32_t) { project_residual(act_, f.down, f.down_bias, r, p); });
  if (!plain_residual_) each_row([&](Range r) { add_residual(w.post_feed_forward_norm, r); });
}

void CpuDevice::normalise(const Floats& weight, Range rows) {
  for (size_t r = rows.first; r < rows.last; ++r) {
    float* h = h_.data() + r * width_.hidden;
    kernels_.rms_norm(x_.data() + r * width_.hidden, weight.data(), h, architecture_.hidden, architecture_.norm_epsilon);
    matmul_.encode(h, 0, h_in_.k, h_in_.k, h_in_.row(r));
  }
}

// Some panels of to = from * m, the bias added.
void CpuDevice::multiply(const Encoded& from, const Matrix& m, const Floats& bias, Range rows, Range panels, Floats& to,
                         uint32_t to_stride, bool add) {
  const uint32_t first = panels.first * panel, columns = (panels.last - panels.first) * panel;
  float* out = to.data() + size_t{rows.first} * to_stride + first;
  matmul_.multiply(from.row(rows.first), from.stride, rows.last - rows.first,
                   m.panels(panels.first, panels.last - panels.first), out, to_stride, add);
  for (uint32_t r = rows.first; bias && r < rows.last; ++r, out += to_stride)
    for (uint32_t i = 0; i < columns; ++i) out[i] += bias[first + i];
}

// What a part of the layer says: into the stream, or to where add_residual takes it from.
void CpuDevice::project_residual(const Encoded& from, const Matrix& m, const Floats& bias, Range rows, Range panels) {
  multiply(from, m, bias, rows, panels, plain_residual_ ? x_ : h_, width_.hidden, plain_residual_);
}

void CpuDevice::add_residual(const Floats& post_norm, Range rows) {
  for (size_t r = rows.first; r < rows.last; ++r) {
    float *x = x_.data() + r * width_.hidden, *h = h_.data() + r * width_.hidden;
    if (post_norm) kernels_.rms_norm(h, post_norm.data(), h, architecture_.hidden, architecture_.norm_epsilon);
    for (uint32_t i = 0; i < architecture_.hidden; ++i) x[i] += architecture_.residual_scale * h[i];
  }
}

}  // namespace sextant::cpu
