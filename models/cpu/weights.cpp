#include "weights.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include "widths.hpp"

namespace sextant::cpu {
namespace {

using engine::Architecture;
using engine::Rows;

// An output row of a packed matrix: a row of a checkpoint's, or zeros.
struct Source { const Rows* rows; uint64_t row; };
// What becomes of a row of inputs: each group of `length` numbers is padded with zeros to `padded`.
struct Groups { uint32_t length, padded; };

Floats vector_of(const Rows& rows, float offset) {
  if (!rows) return {};
  Floats out(rows.count);
  engine::read_vector(rows, offset, out.data());
  return out;
}

Floats bias_of(const Rows& rows, bool wanted, uint32_t width) {
  if (!wanted) return {};
  Floats out(width);
  if (rows) engine::read_vector(rows, 0, out.data());
  return out;
}

// A head of head_dim rows after the other becomes one of `padded` after the other.
Floats qkv_bias_of(const engine::LayerTensors& from, const Architecture& a, const Widths& width) {
  if (!a.qkv_bias) return {};
  Floats out(width.qkv);
  float* to = out.data();
  for (const auto& [rows, heads] : {std::pair{&from.q_bias, a.heads}, {&from.k_bias, a.kv_heads}, {&from.v_bias, a.kv_heads}}) {
    std::vector<float> bias(size_t{heads} * a.head_dim);
    if (*rows) engine::read_vector(*rows, 0, bias.data());
    for (uint32_t h = 0; h < heads; ++h, to += width.head) std::copy_n(bias.data() + size_t{h} * a.head_dim, a.head_dim, to);
  }
  return out;
}

// k inputs after padding by `groups`. `normalised`: each row is scaled to length 1.
Matrix pack(const std::vector<Source>& rows, uint32_t k, Groups groups, bool normalised, ThreadPool& pool) {
  Matrix m;
  m.k = k;
  m.panel_count = panels_of(static_cast<uint32_t>(rows.size()));
  m.panels = Floats(size_t{m.panel_count} * panel * k);
  pool.run(m.panel_count, [&](uint32_t p, uint32_t) {
    std::vector<float> block(size_t{panel} * k);
    for (uint32_t n = 0; n < panel && p * panel + n < rows.size(); ++n) {
      const Source& s = rows[p * panel + n];
      if (!s.rows) continue;
      float* row = block.data() + size_t{n} * k;
      engine::read_row(*s.rows, s.row, row);
      for (uint32_t g = k / groups.padded; groups.length != groups.padded && g-- > 0;) {
        float* to = row + size_t{g} * groups.padded;
        std::memmove(to, row + size_t{g} * groups.length, groups.length * sizeof(float));
        std::fill(to + groups.length, to + groups.padded, 0.f);
      }
      if (!normalised) continue;
      double squares = 0;
      for (uint32_t i = 0; i < k; ++i) squares += static_cast<double>(row[i]) * row[i];
      const double length = std::max(std::sqrt(squares), 1e-12);
      for (uint32_t i = 0; i < k; ++i) row[i] = static_cast<float>(row[i] / length);
    }
    float* to = m.panels.data() + size_t{p} * panel * k;
    for (uint32_t i = 0; i < k; ++i)
      for (uint32_t n = 0; n < panel; ++n) *to++ = block[size_t{n} * k + i];
  });
  return m;
}
Matrix pack(const std::vector<Source>& rows, uint32_t k, ThreadPool& pool) { return pack(rows, k, {k, k}, false, pool); }

std::vector<Source> all_of(const Rows& rows) {
  std::vector<Source> out;
  for (uint64_t r = 0; r < rows.count; ++r) out.push_back({&rows, r});
  return out;
}

FeedForwardWeights load_feed_forward(const engine::FeedForwardTensors& from, const Architecture& a, uint32_t width,
                                     ThreadPool& pool) {
  FeedForwardWeights w;
  std::vector<Source> rows;
  for (uint32_t first = 0; first < width; first += panel)
    for (const Rows* part : {&from.gate, &from.up})
      for (uint32_t r = first; r < first + panel; ++r) rows.push_back({r < width ? part : nullptr, r});
  w.gate_up = pack(rows, a.hidden, pool);
  w.down = pack(all_of(from.down), width, pool);
  w.gate_bias = bias_of(from.gate_bias, a.feed_forward_bias, whole_panels(width));
  w.up_bias = bias_of(from.up_bias, a.feed_forward_bias, whole_panels(width));
  w.down_bias = bias_of(from.down_bias, a.feed_forward_bias, whole_panels(a.hidden));
  return w;
}

LayerWeights load_layer(const engine::LayerTensors& from, const Architecture& a, bool experts, ThreadPool& pool) {
  const Widths width(a);
  LayerWeights w;
  w.attention_norm = vector_of(from.attention_norm, a.norm_offset);
  w.feed_forward_norm = vector_of(from.feed_forward_norm, a.norm_offset);
  w.post_attention_norm = vector_of(from.post_attention_norm, a.norm_offset);
  w.post_feed_forward_norm = vector_of(from.post_feed_forward_norm, a.norm_offset);
  w.q_norm = vector_of(from.q_norm, a.norm_offset);
  w.k_norm = vector_of(from.k_norm, a.norm_offset);
  std::vector<Source> rows;
  for (const Rows* part : {&from.q, &from.k, &from.v})
    for (uint64_t r = 0; r < part->count; ++r) {
      rows.push_back({part, r});
      if ((r + 1) % a.head_dim == 0) rows.insert(rows.end(), width.head - a.head_dim, Source{nullptr, 0});
    }
  w.qkv = pack(rows, a.hidden, pool);
  w.qkv_bias = qkv_bias_of(from, a, width);
  w.output = pack(all_of(from.output), width.heads, {a.head_dim, width.head}, false, pool);
  w.output_bias = bias_of(from.output_bias, a.output_bias, width.hidden);
  if (!experts) {
    w.feed_forward = load_feed_forward(from.feed_forward, a, a.feed_forward, pool);
    return w;
  }
  w.router = pack(all_of(from.router), a.hidden, pool);
  for (const auto& expert : from.experts) w.experts.push_back(load_feed_forward(expert, a, a.experts.feed_forward, pool));
  return w;
}

size_t matrix_floats(uint32_t k, uint32_t columns) { return size_t{whole_panels(columns)} * k; }

size_t feed_forward_floats(const Architecture& a, uint32_t width) {
  const size_t biases = a.feed_forward_bias ? 2 * whole_panels(width) + whole_panels(a.hidden) : 0;
  return 2 * matrix_floats(a.hidden, width) + matrix_floats(width, a.hidden) + biases;
}

}  // namespace

size_t weights_bytes(const Architecture& a) {
  const Widths width(a);
  size_t floats = a.hidden + matrix_floats(a.hidden, a.vocab);
  for (const engine::LayerShape& layer : a.layers) {
    floats += (a.post_norms ? 4 : 2) * size_t{a.hidden} + (a.qk_norm ? 2 * a.head_dim : 0);
    floats += matrix_floats(a.hidden, width.qkv_columns) + (a.qkv_bias ? width.qkv : 0);
    floats += matrix_floats(width.heads, a.hidden) + (a.output_bias ? width.hidden : 0);
    if (layer.experts) floats += matrix_floats(a.hidden, a.experts.count) +
                                 a.experts.count * feed_forward_floats(a, a.experts.feed_forward);
    else floats += feed_forward_floats(a, a.feed_forward);
  }
  return floats * sizeof(float);
}

Weights load_weights(const engine::ModelTensors& tensors, const Architecture& a, ThreadPool& pool) {
  Weights w;
  for (size_t l = 0; l < a.layers.size(); ++l)
    w.layers.push_back(load_layer(tensors.layers[l], a, a.layers[l].experts, pool));
  w.embedding = tensors.embedding;
  w.final_norm = vector_of(tensors.final_norm, a.norm_offset);
  w.head = pack(all_of(tensors.head), a.hidden, {a.hidden, a.hidden}, a.head_normalised, pool);
  return w;
}

}  // namespace sextant::cpu
