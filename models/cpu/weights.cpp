#include "weights.hpp"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>
#include "../engine/checkpoint/dequantize.hpp"
#include "half.hpp"
#include "widths.hpp"

namespace sextant::cpu {
namespace {

using engine::Architecture;
using engine::Rows;
using engine::TensorType;

// An output row of a packed matrix: a row of a checkpoint's, or zeros.
struct Source {
  const Rows* rows;
  uint64_t row;
};

// How a matrix is made.
struct Recipe {
  std::vector<Source> rows;
  uint32_t k = 0;                   // inputs, after padding
  uint32_t length = 0, padded = 0;  // each group of `length` inputs is padded with zeros to `padded`
  bool normalised = false;          // each row is scaled to length 1
  PanelFormat format = PanelFormat::f32;

  Recipe(std::vector<Source> from, uint32_t inputs, PanelFormat wanted)
      : Recipe(std::move(from), inputs, {inputs, inputs}, false, wanted) {}
  Recipe(std::vector<Source> from, uint32_t inputs, std::pair<uint32_t, uint32_t> groups, bool unit_length, PanelFormat wanted)
      : rows(std::move(from)), k(inputs), length(groups.first), padded(groups.second), normalised(unit_length), format(wanted) {
    if (wanted != PanelFormat::q8) return;
    const bool narrow = as_stored() && std::all_of(rows.begin(), rows.end(), [](const Source& s) {
                          if (!s.rows) return true;
                          const engine::Tensor& t = *s.rows->tensor;
                          return !t.added && (t.type == TensorType::q4_0 || t.type == TensorType::q4_1);
                        });
    if (narrow) format = PanelFormat::q4;
  }
  bool as_stored() const { return length == padded && !normalised; }
  uint32_t panel_count() const { return panels_of(static_cast<uint32_t>(rows.size())); }
  size_t bytes() const { return panel_count() * panel_bytes(format, k); }
};

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

// A row as float32, [k].
void read(const Recipe& recipe, const Source& source, float* row) {
  engine::read_row(*source.rows, source.row, row);
  for (uint32_t g = recipe.k / recipe.padded; recipe.length != recipe.padded && g-- > 0;) {
    float* to = row + size_t{g} * recipe.padded;
    std::memmove(to, row + size_t{g} * recipe.length, recipe.length * sizeof(float));
    std::fill(to + recipe.length, to + recipe.padded, 0.f);
  }
  if (!recipe.normalised) return;
  double squares = 0;
  for (uint32_t i = 0; i < recipe.k; ++i) squares += static_cast<double>(row[i]) * row[i];
  const double size = std::max(std::sqrt(squares), 1e-12);
  for (uint32_t i = 0; i < recipe.k; ++i) row[i] = static_cast<float>(row[i] / size);
}

// The blocks of a row as the checkpoint has them, where a panel can take them; false where it cannot.
bool copy_blocks(const Recipe& recipe, const Source& source, uint32_t column, char* panel_data) {
  const engine::Tensor& tensor = *source.rows->tensor;
  if (!recipe.as_stored() || tensor.added || recipe.format == PanelFormat::slices ||
      (recipe.format == PanelFormat::q8 && tensor.type != TensorType::q8_0))
    return false;
  const size_t bytes = engine::block_format(tensor.type).bytes;
  const std::byte* at = tensor.bytes.data() + source.rows->stored_row(source.row) * (recipe.k / depth_step) * bytes;
  for (uint32_t b = 0; b < recipe.k / depth_step; ++b, at += bytes) {
    uint16_t scale, minimum;
    std::memcpy(&scale, at, sizeof scale);
    if (tensor.type == TensorType::q8_0) {
      pack_block_q8(reinterpret_cast<const int8_t*>(at + 2), scale, b, column, panel_data);
    } else if (tensor.type == TensorType::q4_1) {
      std::memcpy(&minimum, at + 2, sizeof minimum);
      pack_block_q4(reinterpret_cast<const uint8_t*>(at + 4), scale, minimum, b, column, panel_data);
    } else {  // Q4_0: (nibble - 8) * scale
      minimum = to_f16(-8 * engine::half_to_float(scale));
      pack_block_q4(reinterpret_cast<const uint8_t*>(at + 2), scale, minimum, b, column, panel_data);
    }
  }
  return true;
}

// Where matrices are packed: one after the other, by the pool's threads.
struct Packer {
  char* at;
  ThreadPool& pool;
  Matrix pack(const Recipe& recipe);
};

Matrix Packer::pack(const Recipe& recipe) {
  Matrix m;
  m.k = recipe.k;
  m.format = recipe.format;
  m.panel_count = recipe.panel_count();
  m.data = std::exchange(at, at + recipe.bytes());
  const bool blocks = !is_unquantised(m.format);
  pool.run(m.panel_count, [&](uint32_t p, uint32_t) {
    char* to = m.data + p * panel_bytes(m.format, m.k);
    std::vector<float> rows(size_t{blocks ? 1 : panel} * m.k);
    for (uint32_t n = 0; n < panel && p * panel + n < recipe.rows.size(); ++n) {
      const Source& source = recipe.rows[p * panel + n];
      if (!source.rows) continue;
      if (!blocks) {
        read(recipe, source, rows.data() + size_t{n} * m.k);
      } else if (!copy_blocks(recipe, source, n, to)) {
        read(recipe, source, rows.data());
        (m.format == PanelFormat::slices ? pack_row_slices : pack_row_q8)(rows.data(), m.k, n, to);
      }
    }
    if (!blocks) pack_panel(m.format, rows.data(), m.k, to);
  });
  return m;
}

std::vector<Source> all_of(const Rows& rows) {
  std::vector<Source> out;
  for (uint64_t r = 0; r < rows.count; ++r) out.push_back({&rows, r});
  return out;
}

Recipe qkv_of(const engine::LayerTensors& from, const Architecture& a, PanelFormat wanted) {
  std::vector<Source> rows;
  for (const Rows* part : {&from.q, &from.k, &from.v})
    for (uint64_t r = 0; r < part->count; ++r) {
      rows.push_back({part, r});
      if ((r + 1) % a.head_dim == 0) rows.insert(rows.end(), Widths(a).head - a.head_dim, Source{nullptr, 0});
    }
  return {std::move(rows), a.hidden, wanted};
}

Recipe output_of(const engine::LayerTensors& from, const Architecture& a, PanelFormat wanted) {
  const Widths width(a);
  return {all_of(from.output), width.heads, {a.head_dim, width.head}, false, wanted};
}

Recipe gate_up_of(const engine::FeedForwardTensors& from, const Architecture& a, uint32_t width, PanelFormat wanted) {
  std::vector<Source> rows;
  for (uint32_t first = 0; first < width; first += panel)
    for (const Rows* part : {&from.gate, &from.up})
      for (uint32_t r = first; r < first + panel; ++r) rows.push_back({r < width ? part : nullptr, r});
  return {std::move(rows), a.hidden, wanted};
}

Recipe down_of(const engine::FeedForwardTensors& from, uint32_t width, PanelFormat wanted) {
  return {all_of(from.down), width, wanted};
}

Recipe head_of(const engine::ModelTensors& tensors, const Architecture& a, PanelFormat wanted) {
  return {all_of(tensors.head), a.hidden, {a.hidden, a.hidden}, a.head_normalised, wanted};
}

FeedForwardWeights load_feed_forward(const engine::FeedForwardTensors& from, const Architecture& a, uint32_t width,
                                     PanelFormat wanted, Packer& packer) {
  FeedForwardWeights w;
  w.gate_up = packer.pack(gate_up_of(from, a, width, wanted));
  w.down = packer.pack(down_of(from, width, wanted));
  w.gate_bias = bias_of(from.gate_bias, a.feed_forward_bias, whole_panels(width));
  w.up_bias = bias_of(from.up_bias, a.feed_forward_bias, whole_panels(width));
  w.down_bias = bias_of(from.down_bias, a.feed_forward_bias, whole_panels(a.hidden));
  return w;
}

LayerWeights load_layer(const engine::LayerTensors& from, const Architecture& a, bool experts, PanelFormat wanted,
                        Packer& packer) {
  const Widths width(a);
  LayerWeights w;
  w.attention_norm = vector_of(from.attention_norm, a.norm_offset);
  w.feed_forward_norm = vector_of(from.feed_forward_norm, a.norm_offset);
  w.post_attention_norm = vector_of(from.post_attention_norm, a.norm_offset);
  w.post_feed_forward_norm = vector_of(from.post_feed_forward_norm, a.norm_offset);
  w.q_norm = vector_of(from.q_norm, a.norm_offset);
  w.k_norm = vector_of(from.k_norm, a.norm_offset);
  w.qkv = packer.pack(qkv_of(from, a, wanted));
  w.qkv_bias = qkv_bias_of(from, a, width);
  w.output = packer.pack(output_of(from, a, wanted));
  w.output_bias = bias_of(from.output_bias, a.output_bias, width.hidden);
  if (!experts) {
    w.feed_forward = load_feed_forward(from.feed_forward, a, a.feed_forward, wanted, packer);
    return w;
  }
  w.router = packer.pack({all_of(from.router), a.hidden, PanelFormat::f32});
  for (const auto& expert : from.experts)
    w.experts.push_back(load_feed_forward(expert, a, a.experts.feed_forward, wanted, packer));
  return w;
}

size_t feed_forward_bytes(const engine::FeedForwardTensors& from, const Architecture& a, uint32_t width, PanelFormat wanted) {
  return gate_up_of(from, a, width, wanted).bytes() + down_of(from, width, wanted).bytes();
}
size_t feed_forward_floats(const Architecture& a, uint32_t width) {
  return a.feed_forward_bias ? 2 * whole_panels(width) + whole_panels(a.hidden) : 0;
}

size_t matrices_bytes(const engine::ModelTensors& tensors, const Architecture& a, PanelFormat wanted) {
  size_t bytes = head_of(tensors, a, wanted).bytes();
  for (size_t l = 0; l < a.layers.size(); ++l) {
    const engine::LayerTensors& from = tensors.layers[l];
    bytes += qkv_of(from, a, wanted).bytes() + output_of(from, a, wanted).bytes();
    if (!a.layers[l].experts) {
      bytes += feed_forward_bytes(from.feed_forward, a, a.feed_forward, wanted);
      continue;
    }
    bytes += Recipe(all_of(from.router), a.hidden, PanelFormat::f32).bytes();
    for (const auto& expert : from.experts) bytes += feed_forward_bytes(expert, a, a.experts.feed_forward, wanted);
  }
  return bytes;
}

}  // namespace

size_t weights_bytes(const engine::ModelTensors& tensors, const Architecture& a, PanelFormat wanted) {
  const Widths width(a);
  size_t floats = a.hidden;
  for (size_t l = 0; l < a.layers.size(); ++l) {
    floats += (a.post_norms ? 4 : 2) * size_t{a.hidden} + (a.qk_norm ? 2 * a.head_dim : 0);
    floats += (a.qkv_bias ? width.qkv : 0) + (a.output_bias ? width.hidden : 0);
    floats += a.layers[l].experts ? tensors.layers[l].experts.size() * feed_forward_floats(a, a.experts.feed_forward)
                                  : feed_forward_floats(a, a.feed_forward);
  }
  return matrices_bytes(tensors, a, wanted) + floats * sizeof(float);
}

Weights load_weights(const engine::ModelTensors& tensors, const Architecture& a, PanelFormat wanted, ThreadPool& pool) {
  Weights w;
  w.matrices = Bytes(matrices_bytes(tensors, a, wanted));
  Packer packer{w.matrices.data(), pool};
  for (size_t l = 0; l < a.layers.size(); ++l)
    w.layers.push_back(load_layer(tensors.layers[l], a, a.layers[l].experts, wanted, packer));
  w.embedding = tensors.embedding;
  w.final_norm = vector_of(tensors.final_norm, a.norm_offset);
  w.head = packer.pack(head_of(tensors, a, wanted));
  return w;
}

}  // namespace sextant::cpu
