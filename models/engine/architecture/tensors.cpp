#include "tensors.hpp"
#include <unordered_set>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "../checkpoint/dequantize.hpp"

namespace sextant::engine {
namespace {

Error wrong(const Checkpoint& checkpoint, std::string_view what) {
  return {Error::Kind::data,
          fmt::format("{}: {}; convert the model anew, or take another file of it", checkpoint.path(), what)};
}

// Finds tensors by name, checks their shapes, and remembers which ones were asked for.
class Finder {
 public:
  explicit Finder(const Checkpoint& checkpoint) : checkpoint_(&checkpoint) {}

  /// All rows of the tensor (a vector's numbers), in their order.
  Result<Rows> find(const std::string& name, std::vector<uint64_t> shape) {
    const Tensor* tensor = checkpoint_->find(name);
    if (!tensor) return wrong(*checkpoint_, fmt::format("tensor \"{}\" is missing", name));
    if (tensor->shape != shape) {
      return wrong(*checkpoint_, fmt::format("tensor \"{}\" has shape [{}], and the metadata ask for [{}]", name,
                                             fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
    }
    if (shape.size() == 1 && tensor->type != TensorType::f32) {
      return wrong(*checkpoint_, fmt::format("tensor \"{}\" must be stored as F32, as every norm is", name));
    }
    found_.insert(tensor);
    Rows rows;
    rows.tensor = tensor;
    rows.count = rows.run = rows.stride = shape[0];
    return rows;
  }
  void expect(std::string_view name) {
    if (const Tensor* tensor = checkpoint_->find(name)) found_.insert(tensor);
  }
  /// A tensor that nobody asked for means that the model computes something that we would leave out.
  Result<void> no_other() const {
    for (const Tensor& tensor : checkpoint_->tensors()) {
      if (found_.count(&tensor) > 0) continue;
      return Error{Error::Kind::data,
                   fmt::format("{}: tensor \"{}\" belongs to no part of this architecture, so the model would be "
                               "computed wrongly; take a model of a supported architecture",
                               checkpoint_->path(), tensor.name)};
    }
    return {};
  }

 private:
  const Checkpoint* checkpoint_;
  std::unordered_set<const Tensor*> found_;
};

Result<LayerTensors> find_layer(Finder& finder, const Architecture& a, uint32_t layer) {
  const uint64_t q = uint64_t{a.heads} * a.head_dim, k = uint64_t{a.kv_heads} * a.head_dim;
  const auto name = [&](std::string_view part) { return fmt::format("blk.{}.{}.weight", layer, part); };
  LayerTensors t;
  SXT_TRY(t.attention_norm, finder.find(name("attn_norm"), {a.hidden}));
  SXT_TRY(t.q, finder.find(name("attn_q"), {q, a.hidden}));
  SXT_TRY(t.k, finder.find(name("attn_k"), {k, a.hidden}));
  SXT_TRY(t.v, finder.find(name("attn_v"), {k, a.hidden}));
  SXT_TRY(t.output, finder.find(name("attn_output"), {a.hidden, q}));
  SXT_TRY(t.feed_forward_norm, finder.find(name("ffn_norm"), {a.hidden}));
  SXT_TRY(t.feed_forward.gate, finder.find(name("ffn_gate"), {a.feed_forward, a.hidden}));
  SXT_TRY(t.feed_forward.up, finder.find(name("ffn_up"), {a.feed_forward, a.hidden}));
  SXT_TRY(t.feed_forward.down, finder.find(name("ffn_down"), {a.hidden, a.feed_forward}));
  for (Rows* rows : {&t.q, &t.k}) {  // the converter permutes them to pairs (0, 1), (2, 3) ...
    rows->head_dim = a.head_dim;
    rows->paired = a.ropes.at(0).dims;
  }
  return t;
}

}  // namespace

uint64_t Rows::stored_row(uint64_t i) const {
  if (paired != 0) {
    const uint64_t head = i / head_dim, k = i % head_dim, half = paired / 2;
    if (k < paired) i = head * head_dim + (k < half ? 2 * k : 2 * (k - half) + 1);
  }
  return first + i / run * stride + i % run;
}

Result<ModelTensors> find_tensors(const Checkpoint& checkpoint, const Architecture& a) {
  Finder finder(checkpoint);
  ModelTensors model;
  SXT_TRY(model.embedding, finder.find("token_embd.weight", {a.vocab, a.hidden}));
  for (uint32_t layer = 0; layer < a.layers.size(); ++layer) {
    SXT_TRY(LayerTensors tensors, find_layer(finder, a, layer));
    model.layers.push_back(std::move(tensors));
  }
  SXT_TRY(model.final_norm, finder.find("output_norm.weight", {a.hidden}));
  model.head = model.embedding;
  if (!a.tied_embeddings) { SXT_TRY(model.head, finder.find("output.weight", {a.vocab, a.hidden})); }
  finder.expect("rope_freqs.weight");  // read into Rope::divisors
  SXT_CHECK(finder.no_other());
  return model;
}

void read_row(const Rows& rows, uint64_t i, float* out) {
  const Tensor& tensor = *rows.tensor;
  const BlockFormat& format = block_format(tensor.type);
  const size_t columns = tensor.columns(), row_bytes = columns / format.elements * format.bytes;
  dequantize(tensor.type, tensor.bytes.data() + rows.stored_row(i) * row_bytes, out, columns);
}

void read_vector(const Rows& rows, float offset, float* out) {
  const Tensor& tensor = *rows.tensor;
  std::vector<float> stored(tensor.columns());
  dequantize(tensor.type, tensor.bytes.data(), stored.data(), stored.size());
  for (uint64_t i = 0; i < rows.count; ++i) out[i] = stored[rows.stored_row(i)] + offset;
}

}  // namespace sextant::engine
