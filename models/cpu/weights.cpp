#include "weights.hpp"
#include <sextant/sdk.hpp>
#include "kernels.hpp"

namespace sextant::cpu {
namespace {

using engine::Architecture;
using engine::Rows;

// An output row of a packed matrix: a row of a checkpoint's, or zeros.
struct Source { const Rows* rows; uint64_t row; };

uint32_t panels_of(uint32_t columns) { return (columns + panel - 1) / panel; }
uint32_t qkv_columns(const Architecture& a) { return (a.heads + 2 * a.kv_heads) * a.head_dim; }

Floats vector_of(const Rows& rows, float offset) {
  Floats out(rows.count);
  engine::read_vector(rows, offset, out.data());
  return out;
}

Matrix pack(const std::vector<Source>& rows, uint32_t k, ThreadPool& pool) {
  Matrix m;
  m.k = k;
  m.panel_count = panels_of(static_cast<uint32_t>(rows.size()));
  m.panels = Floats(size_t{m.panel_count} * panel * k);
  pool.run(m.panel_count, [&](uint32_t p, uint32_t) {
    std::vector<float> block(size_t{panel} * k);
    for (uint32_t n = 0; n < panel && p * panel + n < rows.size(); ++n)
      if (const Source& s = rows[p * panel + n]; s.rows) engine::read_row(*s.rows, s.row, block.data() + size_t{n} * k);
    float* to = m.panels.data() + size_t{p} * panel * k;
    for (uint32_t i = 0; i < k; ++i)
      for (uint32_t n = 0; n < panel; ++n) *to++ = block[size_t{n} * k + i];
  });
  return m;
}

void append(std::vector<Source>& to, const Rows& rows) {
  for (uint64_t r = 0; r < rows.count; ++r) to.push_back({&rows, r});
}

LayerWeights load_layer(const engine::LayerTensors& from, const Architecture& a, ThreadPool& pool) {
  LayerWeights w;
  w.attention_norm = vector_of(from.attention_norm, a.norm_offset);
  w.feed_forward_norm = vector_of(from.feed_forward_norm, a.norm_offset);
  std::vector<Source> rows;
  for (const Rows* part : {&from.q, &from.k, &from.v}) append(rows, *part);
  w.qkv = pack(rows, a.hidden, pool);
  rows.clear();
  append(rows, from.output);
  w.output = pack(rows, a.heads * a.head_dim, pool);
  rows.clear();
  const engine::FeedForwardTensors& f = from.feed_forward;
  for (uint32_t first = 0; first < a.feed_forward; first += panel)
    for (const Rows* part : {&f.gate, &f.up})
      for (uint32_t r = first; r < first + panel; ++r) rows.push_back({r < a.feed_forward ? part : nullptr, r});
  w.gate_up = pack(rows, a.hidden, pool);
  rows.clear();
  append(rows, f.down);
  w.down = pack(rows, a.feed_forward, pool);
  return w;
}

}  // namespace

size_t weights_bytes(const Architecture& a) {
  const auto matrix = [](uint32_t k, uint32_t columns) { return size_t{panels_of(columns)} * panel * k; };
  const size_t layer = 2 * size_t{a.hidden} + matrix(a.hidden, qkv_columns(a)) + matrix(a.heads * a.head_dim, a.hidden) +
                       2 * matrix(a.hidden, a.feed_forward) + matrix(a.feed_forward, a.hidden);
  return (a.layers.size() * layer + a.hidden + matrix(a.hidden, a.vocab)) * sizeof(float);
}

Weights load_weights(const engine::Checkpoint& checkpoint, const Architecture& a, ThreadPool& pool) {
  const engine::ModelTensors tensors = or_throw(engine::find_tensors(checkpoint, a));
  Weights w;
  for (const engine::LayerTensors& layer : tensors.layers) w.layers.push_back(load_layer(layer, a, pool));
  w.embedding = tensors.embedding;
  w.final_norm = vector_of(tensors.final_norm, a.norm_offset);
  std::vector<Source> rows;
  append(rows, tensors.head);
  w.head = pack(rows, a.hidden, pool);
  return w;
}

}  // namespace sextant::cpu
