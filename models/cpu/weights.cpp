#include "weights.hpp"
#include <sextant/sdk.hpp>
#include "../engine/architecture/tensors.hpp"
#include "../engine/checkpoint/dequantize.hpp"
#include "kernels.hpp"

namespace sextant::cpu {
namespace {

using engine::Architecture;
using engine::Tensor;

// An output row of a packed matrix: a row of a tensor, or zeros.
struct Source { const Tensor* tensor; uint64_t row; };

uint32_t panels_of(uint32_t columns) { return (columns + panel - 1) / panel; }
uint32_t qkv_columns(const Architecture& a) { return (a.heads + 2 * a.kv_heads) * a.head_dim; }

Floats vector_of(const Tensor& t) {
  Floats out(t.columns());
  read_row(t, 0, out.data());
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
      if (const Source& s = rows[p * panel + n]; s.tensor) read_row(*s.tensor, s.row, block.data() + size_t{n} * k);
    float* to = m.panels.data() + size_t{p} * panel * k;
    for (uint32_t i = 0; i < k; ++i)
      for (uint32_t n = 0; n < panel; ++n) *to++ = block[size_t{n} * k + i];
  });
  return m;
}

void append(std::vector<Source>& rows, const Tensor& t) {
  for (uint64_t r = 0; r < t.rows(); ++r) rows.push_back({&t, r});
}

// Where a file stores the pairs of RoPE beside each other, row 2i of a head becomes row i and row 2i + 1 row i + dims / 2.
uint32_t stored_row(const Architecture& a, uint32_t row) {
  const uint32_t head = row / a.head_dim, i = row % a.head_dim, half = a.rope_dims / 2;
  if (!a.rope_interleaved || i >= a.rope_dims) return row;
  return head * a.head_dim + (i < half ? 2 * i : 2 * (i - half) + 1);
}

LayerWeights load_layer(const engine::LayerTensors& from, const Architecture& a, ThreadPool& pool) {
  LayerWeights w;
  w.attention_norm = vector_of(*from.attn_norm);
  w.feed_forward_norm = vector_of(*from.ffn_norm);
  std::vector<Source> rows;
  for (const Tensor* t : {from.attn_q, from.attn_k})
    for (uint32_t r = 0; r < t->rows(); ++r) rows.push_back({t, stored_row(a, r)});
  append(rows, *from.attn_v);
  w.qkv = pack(rows, a.hidden, pool);
  rows.clear();
  append(rows, *from.attn_output);
  w.output = pack(rows, a.heads * a.head_dim, pool);
  rows.clear();
  for (uint32_t first = 0; first < a.feed_forward; first += panel)
    for (const Tensor* t : {from.ffn_gate, from.ffn_up})
      for (uint32_t r = first; r < first + panel; ++r) rows.push_back({r < a.feed_forward ? t : nullptr, r});
  w.gate_up = pack(rows, a.hidden, pool);
  rows.clear();
  append(rows, *from.ffn_down);
  w.down = pack(rows, a.feed_forward, pool);
  return w;
}

}  // namespace

void read_row(const Tensor& tensor, uint64_t row, float* out) {
  const engine::BlockFormat& format = engine::block_format(tensor.type);
  const size_t columns = tensor.columns();
  engine::dequantize(tensor.type, tensor.bytes.data() + row * (columns / format.elements) * format.bytes, out, columns);
}

size_t weights_bytes(const Architecture& a) {
  const auto matrix = [](uint32_t k, uint32_t columns) { return size_t{panels_of(columns)} * panel * k; };
  const size_t layer = 2 * size_t{a.hidden} + matrix(a.hidden, qkv_columns(a)) + matrix(a.heads * a.head_dim, a.hidden) +
                       2 * matrix(a.hidden, a.feed_forward) + matrix(a.feed_forward, a.hidden);
  return (a.layers * layer + a.hidden + matrix(a.hidden, a.vocab)) * sizeof(float);
}

Weights load_weights(const engine::Checkpoint& checkpoint, const Architecture& a, ThreadPool& pool) {
  const engine::ModelTensors tensors = or_throw(engine::find_tensors(checkpoint, a));
  Weights w;
  for (const engine::LayerTensors& layer : tensors.layers) w.layers.push_back(load_layer(layer, a, pool));
  w.embedding = tensors.token_embd;
  w.final_norm = vector_of(*tensors.output_norm);
  std::vector<Source> rows;
  append(rows, *tensors.output);
  w.head = pack(rows, a.hidden, pool);
  return w;
}

}  // namespace sextant::cpu
