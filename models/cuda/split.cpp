#include "split.hpp"
#include <algorithm>
#include <stdexcept>
#include <fmt/format.h>
#include "kernels/kernels.hpp"

namespace sextant::cuda {

using engine::Architecture;
using engine::FeedForwardTensors;
using engine::LayerTensors;
using engine::ModelTensors;
using engine::Rows;

Shares columns(uint32_t width, uint32_t ranks) { return {width, width % 8 ? 1u : 8u, ranks}; }

std::string cannot_split(const Architecture& a, uint32_t ranks, bool is_16_bit) {
  if (ranks == 1) return "";
  if (a.heads % ranks) return fmt::format("its {} heads cannot be shared by {} GPUs", a.heads, ranks);
  if (a.kv_heads % ranks && ranks % a.kv_heads)
    return fmt::format("its {} key-value heads cannot be shared by {} GPUs", a.kv_heads, ranks);
  bool any_dense = false;
  for (const engine::LayerShape& layer : a.layers) any_dense |= !layer.experts;
  struct Width {
    const char* name;
    uint32_t width;
  };
  for (const auto& [name, width] : {Width{"width", a.hidden},
                                    {"feed-forward width", any_dense ? a.feed_forward : 0},
                                    {"experts' width", a.experts.feed_forward}})
    if (const Shares shares = columns(width, ranks); width > 0 && shares.units() < ranks)
      return fmt::format("its {} of {} cannot be shared by {} GPUs, in parts of {}", name, width, ranks, shares.unit);
  const Architecture part = part_of(a, {0, ranks});
  if (attention_rows(part.heads / part.kv_heads, part.head_dim, is_16_bit) == 0)
    return fmt::format("a share of its heads, {} over {} key-value heads, is of a shape that is not supported", part.heads,
                       part.kv_heads);
  return "";
}

Architecture part_of(const Architecture& a, Part part) {
  Architecture ret = a;
  ret.heads /= part.ranks;
  ret.kv_heads = std::max(1u, a.kv_heads / part.ranks);
  ret.feed_forward = columns(a.feed_forward, part.ranks).count(part.rank);
  ret.experts.feed_forward = columns(a.experts.feed_forward, part.ranks).count(part.rank);
  return ret;
}

Rows part_of(const Rows& rows, uint64_t from, uint64_t count) {
  if (!rows.tensor) return rows;
  Rows part = rows;
  part.count = count;
  if (from >= rows.count) return part;  // of no rows
  const uint64_t within = from % rows.run;
  part.first = rows.first + from / rows.run * rows.stride + within;
  if (within + count <= rows.run) part.run = std::max<uint64_t>(1, count);
  else if (within > 0) throw std::logic_error("a part of a matrix begins and ends in different runs of its rows");
  return part;
}

namespace {

class Splitter {
 public:
  Splitter(Part part) : part_(part) {}

  Rows queries(const Rows& rows, const Architecture& a) const {
    const uint32_t count = a.heads / part_.ranks;
    return heads(rows, count * part_.rank, count, a);
  }
  Rows key_values(const Rows& rows, const Architecture& a) const {
    return heads(rows, a.kv_heads * part_.rank / part_.ranks, part_of(a, part_).kv_heads, a);
  }
  Rows outputs(const Rows& rows) const {
    const Shares shares = columns(static_cast<uint32_t>(rows.count), part_.ranks);
    return part_of(rows, shares.first(part_.rank), shares.count(part_.rank));
  }
  FeedForwardTensors feed_forward(const FeedForwardTensors& whole) const {
    return {outputs(whole.gate),      outputs(whole.up),      outputs(whole.down),
            outputs(whole.gate_bias), outputs(whole.up_bias), whole.down_bias};
  }

 private:
  static Rows heads(const Rows& rows, uint64_t first, uint64_t count, const Architecture& a) {
    return part_of(rows, first * a.head_dim, count * a.head_dim);
  }
  const Part part_;
};

}  // namespace

ModelTensors part_of(const ModelTensors& tensors, const Architecture& a, Part part, uint32_t chunk) {
  ModelTensors ret = tensors;
  const Splitter split(part);
  for (LayerTensors& layer : ret.layers) {
    layer.q = split.queries(layer.q, a), layer.q_bias = split.queries(layer.q_bias, a);
    layer.k = split.key_values(layer.k, a), layer.k_bias = split.key_values(layer.k_bias, a);
    layer.v = split.key_values(layer.v, a), layer.v_bias = split.key_values(layer.v_bias, a);
    layer.output = split.outputs(layer.output);
    layer.feed_forward = split.feed_forward(layer.feed_forward);
    for (FeedForwardTensors& expert : layer.experts) expert = split.feed_forward(expert);
  }
  const Shares ids = vocabulary(a.vocab, chunk, part.ranks);
  ret.embedding = part_of(tensors.embedding, ids.first(part.rank), ids.count(part.rank));
  ret.head = part_of(tensors.head, ids.first(part.rank), ids.count(part.rank));
  return ret;
}

}  // namespace sextant::cuda
