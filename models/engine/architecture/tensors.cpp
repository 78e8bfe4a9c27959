#include "tensors.hpp"
#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include "../checkpoint/dequantize.hpp"
#include "../checkpoint/messages.hpp"
#include "../checkpoint/numbers_check.hpp"
#include "keys.hpp"
#include "names.hpp"

namespace sextant::engine {
namespace {

using Shape = std::vector<uint64_t>;

// Finds tensors by name, checks their shapes, and remembers which ones were asked for.
class Finder {
 public:
  Finder(const Checkpoint& checkpoint, const Architecture& a)
      : checkpoint_(checkpoint), a_(a), names_(tensor_names(checkpoint, a)) {}

  Result<ModelTensors> model();

 private:
  /// All rows of the tensor (a vector's numbers), in their order.
  Result<Rows> whole(const std::string& name, const Shape& shape);
  Result<LayerTensors> layer(uint32_t layer);
  Result<void> qkv(const std::string& prefix, std::string_view suffix, Rows& ret_q, Rows& ret_k, Rows& ret_v);
  Result<FeedForwardTensors> feed_forward(const std::string& prefix);
  Result<void> experts(const std::string& prefix, LayerTensors& ret);
  Result<Rows> expert(const std::string& name, uint32_t i, uint64_t rows, uint64_t columns);
  Error missing(const std::string& name) const;
  Result<void> no_other() const;
  std::string why_unknown(const Tensor& tensor) const;

  // matrices have columns, biases have not
  static Shape shape_of(std::string_view suffix, uint64_t rows, uint64_t columns) {
    return suffix == ".bias" ? Shape{rows} : Shape{rows, columns};
  }
  uint64_t q_rows() const { return uint64_t{a_.heads} * a_.head_dim; }
  uint64_t k_rows() const { return uint64_t{a_.kv_heads} * a_.head_dim; }

  const Checkpoint& checkpoint_;
  const Architecture& a_;
  const TensorNames names_;
  std::unordered_set<const Tensor*> found_;
};

// Rows first, first + 1, ... of a tensor; or of each stride of its rows the first `run`.
Rows part(const Rows& whole, uint64_t first, uint64_t count) {
  Rows rows = whole;
  rows.first = first;
  rows.count = rows.run = rows.stride = count;
  return rows;
}
Rows part(const Rows& whole, uint64_t first, uint64_t count, uint64_t run, uint64_t stride) {
  Rows rows = part(whole, first, count);
  rows.run = run;
  rows.stride = stride;
  return rows;
}

Result<Rows> Finder::whole(const std::string& name, const Shape& shape) {
  const Tensor* tensor = checkpoint_.find(name);
  if (!tensor) return missing(name);
  if (tensor->shape != shape) {
    if ((name == names_.embedding || name == names_.head) && tensor->shape.size() == 2 && tensor->shape[1] == shape[1])
      return Error{
          Error::Kind::data,
          fmt::format("{}: tensor {} has {} rows, and the metadata say {} tokens (vocab_size); where tokens were added "
                      "after config.json was written, put {} there",
                      checkpoint_.path(), shown(name), tensor->shape[0], shape[0], tensor->shape[0])};
    return malformed(checkpoint_, fmt::format("tensor \"{}\" has shape [{}], and the metadata ask for [{}]", name,
                                              fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
  }
  if (shape.size() == 1 && block_format(tensor->type).elements != 1)
    return malformed(checkpoint_,
                     fmt::format("tensor \"{}\" must be stored as F32, F16 or BF16, as every norm and bias is", name));
  found_.insert(tensor);
  return part({.tensor = tensor}, 0, shape.size() < 3 ? shape[0] : shape[0] * shape[1]);
}

Result<void> Finder::qkv(const std::string& prefix, std::string_view suffix, Rows& q, Rows& k, Rows& v) {
  const uint64_t rows = q_rows(), kv = k_rows(), head = a_.head_dim, group = a_.heads / a_.kv_heads;
  const auto find = [&](const std::string& name, uint64_t n) {
    return whole(prefix + name + std::string(suffix), shape_of(suffix, n, a_.hidden));
  };
  if (names_.fused == TensorNames::Qkv::separate) {
    SXT_TRY(q, find(names_.q, rows));
    SXT_TRY(k, find(names_.k, kv));
    SXT_TRY(v, find(names_.v, kv));
  } else {
    SXT_TRY(const Rows all, find(names_.qkv, rows + 2 * kv));
    if (names_.fused == TensorNames::Qkv::stacked) {
      q = part(all, 0, rows), k = part(all, rows, kv), v = part(all, rows + kv, kv);
    } else {
      const uint64_t stride = (group + 2) * head;
      q = part(all, 0, rows, group * head, stride);
      k = part(all, group * head, kv, head, stride);
      v = part(all, (group + 1) * head, kv, head, stride);
    }
  }
  if (names_.pairs_adjacent)
    for (Rows* pairs : {&q, &k}) pairs->head_dim = a_.head_dim, pairs->paired = a_.ropes.at(0).dims;
  return {};
}

Result<FeedForwardTensors> Finder::feed_forward(const std::string& prefix) {
  const uint64_t f = a_.feed_forward, d = a_.hidden;
  FeedForwardTensors t;
  if (names_.gate_up.empty()) {
    SXT_TRY(t.gate, whole(prefix + names_.gate + ".weight", {f, d}));
    SXT_TRY(t.up, whole(prefix + names_.up + ".weight", {f, d}));
  } else {
    SXT_TRY(const Rows both, whole(prefix + names_.gate_up + ".weight", {2 * f, d}));
    t.gate = part(both, 0, f), t.up = part(both, f, f);
  }
  SXT_TRY(t.down, whole(prefix + names_.down + ".weight", {d, f}));
  if (!a_.feed_forward_bias) return t;
  SXT_TRY(t.gate_bias, whole(prefix + names_.gate + ".bias", {f}));
  SXT_TRY(t.up_bias, whole(prefix + names_.up + ".bias", {f}));
  SXT_TRY(t.down_bias, whole(prefix + names_.down + ".bias", {d}));
  return t;
}

// One expert's matrix: a tensor of its own, or a slice of one tensor for all.
Result<Rows> Finder::expert(const std::string& name, uint32_t i, uint64_t rows, uint64_t columns) {
  if (name.find("{}") != name.npos) return whole(fmt::format(fmt::runtime(name), i) + ".weight", {rows, columns});
  SXT_TRY(const Rows all, whole(name + ".weight", {a_.experts.count, rows, columns}));
  return part(all, i * rows, rows);
}

Result<void> Finder::experts(const std::string& prefix, LayerTensors& t) {
  const uint64_t f = a_.experts.feed_forward, d = a_.hidden;
  SXT_TRY(t.router, whole(prefix + names_.router + ".weight", {a_.experts.count, d}));
  for (uint32_t i = 0; i < a_.experts.count; ++i) {
    FeedForwardTensors e;
    SXT_TRY(e.gate, expert(prefix + names_.expert_gate, i, f, d));
    SXT_TRY(e.up, expert(prefix + names_.expert_up, i, f, d));
    SXT_TRY(e.down, expert(prefix + names_.expert_down, i, d, f));
    t.experts.push_back(e);
  }
  return {};
}

Result<LayerTensors> Finder::layer(uint32_t layer) {
  const std::string prefix = fmt::format(fmt::runtime(names_.layer), layer);
  const auto norm = [&](const std::string& name, uint64_t n) { return whole(prefix + name + ".weight", {n}); };
  LayerTensors t;
  SXT_TRY(t.attention_norm, norm(names_.attention_norm, a_.hidden));
  SXT_TRY(t.feed_forward_norm, norm(names_.feed_forward_norm, a_.hidden));
  if (a_.post_norms) {
    SXT_TRY(t.post_attention_norm, norm(names_.post_attention_norm, a_.hidden));
    SXT_TRY(t.post_feed_forward_norm, norm(names_.post_feed_forward_norm, a_.hidden));
  }
  if (a_.qk_norm) {
    SXT_TRY(t.q_norm, norm(names_.q_norm, a_.head_dim));
    SXT_TRY(t.k_norm, norm(names_.k_norm, a_.head_dim));
  }
  SXT_CHECK(qkv(prefix, ".weight", t.q, t.k, t.v));
  if (a_.qkv_bias) { SXT_CHECK(qkv(prefix, ".bias", t.q_bias, t.k_bias, t.v_bias)); }
  SXT_TRY(t.output, whole(prefix + names_.output + ".weight", {a_.hidden, q_rows()}));
  if (a_.output_bias) { SXT_TRY(t.output_bias, whole(prefix + names_.output + ".bias", {a_.hidden})); }
  if (a_.layers[layer].experts) { SXT_CHECK(experts(prefix, t)); }
  else { SXT_TRY(t.feed_forward, feed_forward(prefix)); }
  return t;
}

Result<ModelTensors> Finder::model() {
  ModelTensors model;
  SXT_TRY(model.embedding, whole(names_.embedding, {a_.vocab, a_.hidden}));
  for (uint32_t i = 0; i < a_.layers.size(); ++i) {
    SXT_TRY(LayerTensors tensors, layer(i));
    model.layers.push_back(std::move(tensors));
  }
  SXT_TRY(model.final_norm, whole(names_.final_norm, {a_.hidden}));
  model.head = model.embedding;
  if (!a_.tied_embeddings) { SXT_TRY(model.head, whole(names_.head, {a_.vocab, a_.hidden})); }
  SXT_CHECK(no_other());
  return model;
}

Error Finder::missing(const std::string& name) const {
  const auto has = [&](std::string_view part) {
    const auto& all = checkpoint_.tensors();
    return std::any_of(all.begin(), all.end(), [&](const Tensor& t) { return t.name.find(part) != t.name.npos; });
  };
  const auto error = [&](const std::string& why) {
    return Error{Error::Kind::data, fmt::format("{}: tensor {} is missing{}", checkpoint_.path(), shown(name), why)};
  };
  if (has(".base_layer.") || has(".lora_A."))
    return error(
        ", and an adapter's parts (base_layer, lora_A) are there: the model was saved before the adapter was merged; merge it "
        "(merge_and_unload) and save it again");
  if (name == names_.head && checkpoint_.format() == CheckpointFormat::hugging_face)
    return error(
        ", and \"tie_word_embeddings\" of config.json is false; set it to true if the head is the embedding, else take weights "
        "that were "
        "saved with the head");
  if (name == names_.embedding && !checkpoint_.tensors().empty())
    return error(
        fmt::format("; the tensors there have other names (the first is {}): rename them as transformers writes this family's",
                    shown(checkpoint_.tensors().front().name)));
  return malformed(checkpoint_, fmt::format("tensor {} is missing", shown(name)));
}

bool is_zero(const Tensor& tensor) { return check_numbers(tensor).all_zero; }

// The cause, where the name tells it.
std::string Finder::why_unknown(const Tensor& tensor) const {
  const std::string_view name = tensor.name;
  if (name.find(".lora_") != name.npos || name.find(".base_layer.") != name.npos)
    return "is part of an adapter that was not merged; merge it (merge_and_unload) and save the model again";
  const size_t number = names_.layer.find("{}");
  if (const std::string_view before = std::string_view(names_.layer).substr(0, number); name.starts_with(before)) {
    uint32_t layer = 0;
    const char* end = name.data() + name.size();
    if (std::from_chars(name.data() + before.size(), end, layer).ec == std::errc() && layer >= a_.layers.size())
      return fmt::format("is of layer {}, and the metadata say {} layers; take the configuration that belongs to the weights",
                         layer, a_.layers.size());
  }
  if (name.ends_with(".bias"))
    return "is a bias that is not 0, and the metadata ask for none there; set the key that does (of config.json, such as "
           "attention_bias), or take "
           "the configuration that belongs to the weights";
  return "belongs to no part of this architecture, so the model would be computed wrongly; take a model of a supported "
         "architecture";
}

// A tensor that nobody asked for means that the model computes something that we would leave out. A bias of zeros adds nothing.
Result<void> Finder::no_other() const {
  const Tensor* first = nullptr;
  size_t others = 0;
  for (const Tensor& tensor : checkpoint_.tensors()) {
    if (found_.count(&tensor) > 0 || is_tolerated(checkpoint_, a_, tensor.name)) continue;
    if (std::string_view(tensor.name).ends_with(".bias") && is_zero(tensor)) continue;
    if (!first) first = &tensor;
    else ++others;
  }
  if (!first) return {};
  return Error{Error::Kind::data,
               fmt::format("{}: tensor {} {}{}", checkpoint_.path(), shown(first->name), why_unknown(*first),
                           others > 0 ? fmt::format(" ({} more tensors have no place, either)", others) : "")};
}

}  // namespace

uint64_t Rows::stored_row(uint64_t i) const {
  if (paired != 0) {
    const uint64_t head = i / head_dim, k = i % head_dim, half = paired / 2;
    if (k < paired) i = head * head_dim + (k < half ? 2 * k : 2 * (k - half) + 1);
  }
  return first + i / run * stride + i % run;
}

Result<ModelTensors> find_tensors(const Checkpoint& checkpoint, const Architecture& architecture) {
  return Finder(checkpoint, architecture).model();
}

void read_row(const Rows& rows, uint64_t i, float* out) { read_row(*rows.tensor, rows.stored_row(i), out); }

void read_vector(const Rows& rows, float offset, float* out) {
  const Tensor& tensor = *rows.tensor;
  std::vector<float> stored(tensor.columns());
  dequantize(tensor.type, tensor.bytes.data(), stored.data(), stored.size());
  for (uint64_t i = 0; i < rows.count; ++i) out[i] = stored[rows.stored_row(i)] + offset;
}

}  // namespace sextant::engine
