#include "tensors.hpp"
#include <unordered_set>
#include <fmt/format.h>
#include <fmt/ranges.h>

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

  Result<const Tensor*> find(const std::string& name, std::vector<uint64_t> shape) {
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
    return tensor;
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
  SXT_TRY(t.attn_norm, finder.find(name("attn_norm"), {a.hidden}));
  SXT_TRY(t.attn_q, finder.find(name("attn_q"), {q, a.hidden}));
  SXT_TRY(t.attn_k, finder.find(name("attn_k"), {k, a.hidden}));
  SXT_TRY(t.attn_v, finder.find(name("attn_v"), {k, a.hidden}));
  SXT_TRY(t.attn_output, finder.find(name("attn_output"), {a.hidden, q}));
  SXT_TRY(t.ffn_norm, finder.find(name("ffn_norm"), {a.hidden}));
  SXT_TRY(t.ffn_gate, finder.find(name("ffn_gate"), {a.feed_forward, a.hidden}));
  SXT_TRY(t.ffn_up, finder.find(name("ffn_up"), {a.feed_forward, a.hidden}));
  SXT_TRY(t.ffn_down, finder.find(name("ffn_down"), {a.hidden, a.feed_forward}));
  return t;
}

}  // namespace

Result<ModelTensors> find_tensors(const Checkpoint& checkpoint, const Architecture& a) {
  Finder finder(checkpoint);
  ModelTensors model;
  SXT_TRY(model.token_embd, finder.find("token_embd.weight", {a.vocab, a.hidden}));
  for (uint32_t layer = 0; layer < a.layers; ++layer) {
    SXT_TRY(LayerTensors tensors, find_layer(finder, a, layer));
    model.layers.push_back(tensors);
  }
  SXT_TRY(model.output_norm, finder.find("output_norm.weight", {a.hidden}));
  model.output = model.token_embd;
  if (!a.tied_embeddings) { SXT_TRY(model.output, finder.find("output.weight", {a.vocab, a.hidden})); }
  finder.expect("rope_freqs.weight");  // read into Architecture::rope_factors
  SXT_CHECK(finder.no_other());
  return model;
}

}  // namespace sextant::engine
