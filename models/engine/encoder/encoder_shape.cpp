#include "encoder_shape.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../architecture/ignored_keys.hpp"
#include "../architecture/keys.hpp"

namespace sextant::engine {
namespace {

struct Family {
  std::string_view model_type;
  bool counts_from_pad;  // positions begin behind the padding token's id
  bool types;
  bool distances;
};
constexpr Family families[] = {
    {"bert", false, true, false},
    {"roberta", true, true, false},
    {"xlm-roberta", true, true, false},
    {"mpnet", true, false, true},
};

const Family* family_of(const Checkpoint& checkpoint) {
  if (checkpoint.format() != CheckpointFormat::hugging_face) return nullptr;
  const auto type = json::find_string(checkpoint.metadata(), "model_type");
  for (const Family& family : families)
    if (type == family.model_type) return &family;
  return nullptr;
}

// What would change the numbers in a way that EncoderShape does not describe.
Result<void> refuse_unsupported(const Keys& keys) {
  SXT_TRY(const std::string activation, keys.text_or("hidden_act", "gelu"));
  if (activation != "gelu")
    return keys.unsupported("hidden_act",
                            fmt::format("is {}; of encoders only those with \"gelu\" are supported", json::quote(activation)));
  SXT_TRY(const std::string positions, keys.text_or("position_embedding_type", "absolute"));
  if (positions != "absolute")
    return keys.unsupported("position_embedding_type",
                            fmt::format("is {}; only \"absolute\" is supported", json::quote(positions)));
  for (const std::string_view flag : {"is_decoder", "add_cross_attention", "is_encoder_decoder"}) {
    SXT_TRY(const bool set, keys.flag_or(flag, false));
    if (set) return keys.unsupported(flag, "is true: this is not an encoder alone");
  }
  return {};
}

// Finds tensors by name and checks their shapes.
class Finder {
 public:
  Finder(const Checkpoint& checkpoint, const EncoderShape& shape) : checkpoint_(checkpoint), shape_(shape) {
    const std::string family = shape.family == "mpnet" ? "mpnet." : shape.family == "bert" ? "bert." : "roberta.";
    if (checkpoint.find(family + "embeddings.word_embeddings.weight")) prefix_ = family;  // saved with another head around it
  }

  Result<EncoderTensors> model() {
    const uint64_t h = shape_.hidden;
    EncoderTensors t;
    SXT_TRY(t.words, table("embeddings.word_embeddings.weight", shape_.vocab, h));
    SXT_TRY(t.positions, table("embeddings.position_embeddings.weight", shape_.position_rows, h));
    if (shape_.has_types) { SXT_TRY(t.types, table("embeddings.token_type_embeddings.weight", 0, h)); }
    SXT_TRY(t.norm, norm("embeddings.LayerNorm"));
    if (shape_.distance_buckets) {
      SXT_TRY(t.distances, table("encoder.relative_attention_bias.weight", shape_.distance_buckets, shape_.heads));
    }
    for (uint32_t l = 0; l < shape_.layers; ++l) {
      SXT_TRY(EncoderLayerTensors one, layer(l));
      t.layers.push_back(std::move(one));
    }
    SXT_CHECK(no_other());
    return t;
  }

 private:
  /// rows 0: as many as there are, at least one.
  Result<Rows> table(const std::string& name, uint64_t rows, uint64_t columns) {
    const Tensor* tensor = checkpoint_.find(prefix_ + name);
    if (!tensor) return malformed(checkpoint_, fmt::format("tensor \"{}{}\" is missing", prefix_, name));
    const bool is_vector = columns == 0;
    const bool fits = is_vector ? tensor->shape == std::vector<uint64_t>{rows}
                                : tensor->shape.size() == 2 && tensor->shape[1] == columns && tensor->shape[0] > 0 &&
                                      (rows == 0 || tensor->shape[0] == rows);
    if (!fits)
      return malformed(checkpoint_,
                       fmt::format("tensor \"{}\" has not the shape that config.json asks for, [{}{}]", tensor->name,
                                   rows == 0 ? "any" : std::to_string(rows), is_vector ? "" : fmt::format(", {}", columns)));
    ++found_;
    const uint64_t count = tensor->shape[0];
    return Rows{.tensor = tensor, .count = count, .first = 0, .run = count, .stride = count};
  }
  Result<EncoderMatrix> matrix(const std::string& name, uint64_t rows, uint64_t columns) {
    EncoderMatrix m;
    SXT_TRY(m.weight, table(name + ".weight", rows, columns));
    SXT_TRY(m.bias, table(name + ".bias", rows, 0));
    return m;
  }
  Result<EncoderNorm> norm(const std::string& name) {
    // checkpoints that came from TensorFlow say gamma and beta
    const bool old = checkpoint_.find(prefix_ + name + ".gamma") != nullptr;
    EncoderNorm n;
    SXT_TRY(n.weight, table(name + (old ? ".gamma" : ".weight"), shape_.hidden, 0));
    SXT_TRY(n.bias, table(name + (old ? ".beta" : ".bias"), shape_.hidden, 0));
    return n;
  }
  Result<EncoderLayerTensors> layer(uint32_t l) {
    const bool mpnet = shape_.family == "mpnet";
    const std::string in = fmt::format("encoder.layer.{}.", l), own = in + (mpnet ? "attention.attn." : "attention.self.");
    const uint64_t h = shape_.hidden, f = shape_.feed_forward;
    EncoderLayerTensors t;
    SXT_TRY(t.q, matrix(own + (mpnet ? "q" : "query"), h, h));
    SXT_TRY(t.k, matrix(own + (mpnet ? "k" : "key"), h, h));
    SXT_TRY(t.v, matrix(own + (mpnet ? "v" : "value"), h, h));
    SXT_TRY(t.output, matrix(mpnet ? own + "o" : in + "attention.output.dense", h, h));
    SXT_TRY(t.attention_norm, norm(in + (mpnet ? "attention.LayerNorm" : "attention.output.LayerNorm")));
    SXT_TRY(t.up, matrix(in + "intermediate.dense", f, h));
    SXT_TRY(t.down, matrix(in + "output.dense", h, f));
    SXT_TRY(t.output_norm, norm(in + "output.LayerNorm"));
    return t;
  }
  // Heads of other tasks are left alone; anything else would be a part of the encoder that is not computed.
  Result<void> no_other() const {
    size_t known = found_;
    std::string other;
    for (const Tensor& t : checkpoint_.tensors()) {
      std::string_view name = t.name;
      if (!prefix_.empty() && name.starts_with(prefix_)) name.remove_prefix(prefix_.size());
      constexpr std::string_view heads[] = {"pooler.", "cls.", "lm_head.", "classifier.", "qa_outputs.", "dropout."};
      const bool is_head =
          std::any_of(std::begin(heads), std::end(heads), [&](std::string_view head) { return name.starts_with(head); });
      if (is_head) ++known;
      else if (!name.starts_with("embeddings.") && !name.starts_with("encoder.")) other = t.name;
    }
    if (other.empty() && known == checkpoint_.tensors().size()) return {};
    return malformed(checkpoint_,
                     other.empty()
                         ? fmt::format("there are tensors of the encoder that the family \"{}\" has not; config.json and "
                                       "the weights do not belong together",
                                       shape_.family)
                         : fmt::format("tensor \"{}\" does not belong to the family \"{}\"", other, shape_.family));
  }

  const Checkpoint& checkpoint_;
  const EncoderShape& shape_;
  std::string prefix_;
  size_t found_ = 0;
};

}  // namespace

bool is_encoder(const Checkpoint& checkpoint) { return family_of(checkpoint) != nullptr; }

Result<EncoderShape> read_encoder_shape(const Checkpoint& checkpoint) {
  const Keys keys(checkpoint, checkpoint.metadata(), "config.json key", "");
  const Family& family = *family_of(checkpoint);
  SXT_CHECK(refuse_unsupported(keys));
  constexpr uint32_t width_max = 1 << 16;
  EncoderShape s;
  s.family = family.model_type;
  SXT_TRY(s.hidden, keys.count("hidden_size", width_max));
  SXT_TRY(s.heads, keys.count("num_attention_heads", width_max));
  if (s.hidden % s.heads != 0)
    return keys.wrong(fmt::format("{} does not divide {}", keys.key("num_attention_heads"), keys.key("hidden_size")));
  s.head_dim = s.hidden / s.heads;
  SXT_TRY(s.feed_forward, keys.count("intermediate_size", 1 << 20));
  SXT_TRY(s.layers, keys.count("num_hidden_layers", 1'024));
  SXT_TRY(s.vocab, keys.count("vocab_size", 1 << 24));
  SXT_TRY(s.position_rows, keys.count("max_position_embeddings", 1 << 20));
  SXT_TRY(const double epsilon, keys.number_or("layer_norm_eps", 1e-20, 1, 1e-12));
  s.norm_epsilon = static_cast<float>(epsilon);
  s.has_types = family.types;
  if (family.counts_from_pad) {
    SXT_TRY(const uint32_t pad, keys.whole_or("pad_token_id", s.vocab - 1, 1));
    s.pad = static_cast<int32_t>(pad);
    s.first_position = pad + 1;
    if (s.position_rows <= s.first_position)
      return keys.wrong(fmt::format("{} leaves no position", keys.key("max_position_embeddings")));
  }
  s.context = s.position_rows - s.first_position;
  if (family.distances) { SXT_TRY(s.distance_buckets, keys.count_or("relative_attention_num_buckets", 1 << 16, 32)); }
  if (s.distance_buckets % 4 != 0)
    return keys.wrong(fmt::format("{} is not a multiple of 4", keys.key("relative_attention_num_buckets")));
  SXT_CHECK(find_encoder_tensors(checkpoint, s));
  warn_of_ignored_keys(keys, s.warnings);
  return s;
}

Result<EncoderTensors> find_encoder_tensors(const Checkpoint& checkpoint, const EncoderShape& shape) {
  return Finder(checkpoint, shape).model();
}

std::vector<uint32_t> position_rows(const EncoderShape& shape, const int32_t* tokens, uint32_t count) {
  std::vector<uint32_t> rows(count);
  uint32_t next = shape.first_position;
  for (uint32_t i = 0; i < count; ++i)
    rows[i] = shape.pad >= 0 && tokens[i] == shape.pad ? static_cast<uint32_t>(shape.pad) : next++;
  return rows;
}

uint32_t distance_bucket(int32_t distance, uint32_t buckets) {
  constexpr float farthest = 128;  // from here on, one bucket; MPNet's checkpoints do not say it
  const uint32_t side = buckets / 2, exact = side / 2, first = distance > 0 ? side : 0;
  const auto far = static_cast<uint32_t>(std::abs(distance));
  if (far < exact) return first + far;
  const float share =
      std::log(static_cast<float>(far) / static_cast<float>(exact)) / std::log(farthest / static_cast<float>(exact));
  return first + std::min(side - 1, exact + static_cast<uint32_t>(share * static_cast<float>(side - exact)));
}

}  // namespace sextant::engine
