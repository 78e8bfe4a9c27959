#include "encoder_weights.hpp"
#include <cmath>
#include <utility>
#include "../widths.hpp"

namespace sextant::cpu {
namespace {

using engine::EncoderMatrix;
using engine::EncoderShape;
using engine::Rows;

size_t matrix_bytes(uint32_t outputs, uint32_t inputs) { return panels_of(outputs) * panel_bytes(PanelFormat::f32, inputs); }

size_t layer_bytes(const EncoderShape& s) {
  return matrix_bytes(3 * s.hidden, s.hidden) + matrix_bytes(s.hidden, s.hidden) + matrix_bytes(s.feed_forward, s.hidden) +
         matrix_bytes(s.hidden, s.feed_forward);
}

size_t distance_floats(const EncoderShape& s, uint32_t context) {
  return s.distance_buckets ? size_t{s.heads} * (2 * size_t{context} - 1) : 0;
}

Floats vector_of(const Rows& rows) {
  Floats out(rows.count);
  engine::read_vector(rows, 0, out.data());
  return out;
}
NormWeights norm_of(const engine::EncoderNorm& from) { return {vector_of(from.weight), vector_of(from.bias)}; }

// Where matrices are packed: one after the other, by the pool's threads.
class Packer {
 public:
  Packer(char* at, ThreadPool& pool) : at_(at), pool_(pool) {}

  // One matrix after the other becomes one; the first is scaled.
  EncoderProduct pack(std::initializer_list<const EncoderMatrix*> parts, float scale = 1) {
    struct Source {
      const Rows* rows;
      uint64_t row;
      float scale;
    };
    std::vector<Source> sources;
    std::vector<float> bias;
    for (const EncoderMatrix* part : parts) {
      const float factor = part == *parts.begin() ? scale : 1;
      for (uint64_t r = 0; r < part->weight.count; ++r) sources.push_back({&part->weight, r, factor});
      bias.resize(sources.size());
      float* to = bias.data() + bias.size() - part->bias.count;
      engine::read_vector(part->bias, 0, to);
      for (uint64_t i = 0; i < part->bias.count; ++i) to[i] *= factor;
    }
    EncoderProduct out;
    Matrix& m = out.matrix;
    m.k = static_cast<uint32_t>((*parts.begin())->weight.tensor->columns());
    m.panel_count = panels_of(static_cast<uint32_t>(sources.size()));
    m.data = std::exchange(at_, at_ + m.bytes());
    out.bias = Floats(size_t{m.panel_count} * panel);
    std::copy(bias.begin(), bias.end(), out.bias.data());
    pool_.run(m.panel_count, [&](uint32_t p, uint32_t) {
      std::vector<float> rows(size_t{panel} * m.k);
      for (uint32_t n = 0; n < panel && p * panel + n < sources.size(); ++n) {
        const Source& source = sources[p * panel + n];
        float* row = rows.data() + size_t{n} * m.k;
        engine::read_row(*source.rows, source.row, row);
        for (uint32_t i = 0; source.scale != 1 && i < m.k; ++i) row[i] *= source.scale;
      }
      pack_panel(m.format, rows.data(), m.k, m.data + p * panel_bytes(m.format, m.k));
    });
    return out;
  }

 private:
  char* at_;
  ThreadPool& pool_;
};

Floats distances_of(const Rows& rows, const EncoderShape& s, uint32_t context) {
  Floats out(distance_floats(s, context));
  std::vector<float> bucket(s.heads);
  const auto reach = static_cast<int32_t>(context) - 1;
  for (int32_t distance = -reach; distance <= reach; ++distance) {
    engine::read_row(rows, engine::distance_bucket(distance, s.distance_buckets), bucket.data());
    for (uint32_t h = 0; h < s.heads; ++h)
      out[size_t{h} * (2 * size_t{context} - 1) + static_cast<size_t>(distance + reach)] = bucket[h];
  }
  return out;
}

}  // namespace

size_t encoder_weights_bytes(const EncoderShape& s, uint32_t context) {
  const size_t layer_floats =
      whole_panels(3 * s.hidden) + 2 * size_t{whole_panels(s.hidden)} + whole_panels(s.feed_forward) + 4 * size_t{s.hidden};
  return s.layers * (layer_bytes(s) + layer_floats * sizeof(float)) +
         (3 * size_t{s.hidden} + distance_floats(s, context)) * sizeof(float);
}

EncoderWeights load_encoder_weights(const engine::EncoderTensors& tensors, const EncoderShape& s, uint32_t context,
                                    ThreadPool& pool) {
  EncoderWeights w;
  w.matrices = Bytes(s.layers * layer_bytes(s));
  Packer packer(w.matrices.data(), pool);
  const auto scale = static_cast<float>(1 / std::sqrt(double(s.head_dim)));
  for (const engine::EncoderLayerTensors& from : tensors.layers) {
    EncoderLayerWeights layer;
    layer.qkv = packer.pack({&from.q, &from.k, &from.v}, scale);
    layer.output = packer.pack({&from.output});
    layer.up = packer.pack({&from.up});
    layer.down = packer.pack({&from.down});
    layer.attention_norm = norm_of(from.attention_norm);
    layer.output_norm = norm_of(from.output_norm);
    w.layers.push_back(std::move(layer));
  }
  w.norm = norm_of(tensors.norm);
  w.first_type = Floats(s.hidden);
  if (tensors.types) engine::read_row(tensors.types, 0, w.first_type.data());
  if (s.distance_buckets) w.distances = distances_of(tensors.distances, s, context);
  w.words = tensors.words;
  w.positions = tensors.positions;
  return w;
}

}  // namespace sextant::cpu
