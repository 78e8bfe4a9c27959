#include "gguf_families.hpp"
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace sextant::engine {
namespace {

// Reads one family's keys, "llama.block_count" and the like, each within limits that no model known comes near to, so that
// sizes computed from them cannot overflow or exhaust the machine.
class Keys {
 public:
  Keys(const Checkpoint& checkpoint, std::string family) : checkpoint_(&checkpoint), family_(std::move(family)) {}

  const json::Value* find(std::string_view name) const { return json::find(checkpoint_->metadata(), key(name)); }

  Result<uint32_t> count(std::string_view name, uint32_t most) const {
    const json::Value* value = find(name);
    if (!value) return wrong(fmt::format("metadata key \"{}\" is missing", key(name)));
    if (!value->IsUint64() || value->GetUint64() < 1 || value->GetUint64() > most) {
      return wrong(fmt::format("metadata key \"{}\" must be a whole number from 1 to {}", key(name), most));
    }
    return static_cast<uint32_t>(value->GetUint64());
  }
  Result<uint32_t> count_or(std::string_view name, uint32_t most, uint32_t otherwise) const {
    if (!find(name)) return otherwise;
    return count(name, most);
  }
  Result<double> number_or(std::string_view name, double least, double most, double otherwise) const {
    const json::Value* value = find(name);
    if (!value) return otherwise;
    const double x = value->IsNumber() ? value->GetDouble() : NAN;
    if (!(x >= least && x <= most))
      return wrong(fmt::format("metadata key \"{}\" must be a number from {} to {}", key(name), least, most));
    return x;
  }
  Error wrong(std::string_view what) const {
    return {Error::Kind::data,
            fmt::format("{}: {}; convert the model anew, or take another file of it", checkpoint_->path(), what)};
  }
  std::string key(std::string_view name) const { return family_ + "." + std::string(name); }

 private:
  const Checkpoint* checkpoint_;
  std::string family_;
};

Result<std::vector<double>> read_rope_divisors(const Keys& keys, const Checkpoint& checkpoint, uint32_t rope_dims) {
  const Tensor* tensor = checkpoint.find("rope_freqs.weight");
  if (!tensor) return std::vector<double>{};
  if (tensor->type != TensorType::f32 || tensor->shape != std::vector<uint64_t>{rope_dims / 2}) {
    return keys.wrong(fmt::format("tensor \"rope_freqs.weight\" must be F32 of shape [{}]", rope_dims / 2));
  }
  std::vector<float> divisors(rope_dims / 2);
  std::memcpy(divisors.data(), tensor->bytes.data(), divisors.size() * sizeof(float));
  for (const float divisor : divisors) {
    if (!(divisor > 0) || !std::isfinite(divisor))
      return keys.wrong("tensor \"rope_freqs.weight\" holds a factor that is not positive");
  }
  return std::vector<double>(divisors.begin(), divisors.end());
}

// What a device would have to do differently, and no device does: better to refuse than to compute something else.
Result<void> refuse_unsupported(const Keys& keys) {
  const json::Value* scaling = keys.find("rope.scaling.type");
  if (scaling && !(scaling->IsString() && json::text(*scaling) == "none")) {
    return keys.wrong(
        fmt::format("metadata key \"{}\" asks for a RoPE scaling that is not supported", keys.key("rope.scaling.type")));
  }
  for (const std::string_view name : {"expert_count", "attention.sliding_window"}) {
    const json::Value* value = keys.find(name);
    if (value && !(value->IsUint64() && value->GetUint64() == 0)) {
      return keys.wrong(fmt::format("metadata key \"{}\" asks for something that is not supported", keys.key(name)));
    }
  }
  return {};
}

Result<Architecture> read_llama(const Checkpoint& checkpoint) {
  const Keys keys(checkpoint, "llama");
  SXT_CHECK(refuse_unsupported(keys));
  Architecture a;
  a.family = "llama";
  SXT_TRY(const uint32_t layers, keys.count("block_count", 1'024));
  a.layers.resize(layers);
  SXT_TRY(a.hidden, keys.count("embedding_length", 65'536));
  SXT_TRY(a.heads, keys.count("attention.head_count", 1'024));
  SXT_TRY(a.kv_heads, keys.count_or("attention.head_count_kv", 1'024, a.heads));
  if (a.heads % a.kv_heads != 0) {
    return keys.wrong(fmt::format("{} heads cannot share {} key-value heads evenly", a.heads, a.kv_heads));
  }
  SXT_TRY(a.head_dim, keys.count_or("attention.key_length", 1'024, a.hidden / a.heads));
  SXT_TRY(const uint32_t value_dim, keys.count_or("attention.value_length", 1'024, a.head_dim));
  if (a.head_dim == 0 || value_dim != a.head_dim || (!keys.find("attention.key_length") && a.hidden % a.heads != 0)) {
    return keys.wrong(
        fmt::format("{} heads do not divide a width of {}, or keys and values differ in length", a.heads, a.hidden));
  }
  SXT_TRY(a.feed_forward, keys.count("feed_forward_length", 1 << 20));
  SXT_TRY(a.context, keys.count("context_length", 1 << 27));
  Rope rope;
  SXT_TRY(rope.dims, keys.count_or("rope.dimension_count", 1'024, a.head_dim));
  if (rope.dims > a.head_dim || rope.dims % 2 != 0) {
    return keys.wrong(
        fmt::format("metadata key \"{}\" must be even and at most {}", keys.key("rope.dimension_count"), a.head_dim));
  }
  SXT_TRY(rope.theta, keys.number_or("rope.freq_base", 1, 1e12, 10'000));
  SXT_TRY(rope.divisors, read_rope_divisors(keys, checkpoint, rope.dims));
  a.ropes.push_back(std::move(rope));
  SXT_TRY(const double epsilon, keys.number_or("attention.layer_norm_rms_epsilon", 0, 1, 1e-5));
  a.norm_epsilon = static_cast<float>(epsilon);
  a.attention_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(a.head_dim)));
  const Tensor* embedding = checkpoint.find("token_embd.weight");
  if (!embedding) return keys.wrong("tensor \"token_embd.weight\" is missing");
  if (embedding->shape.size() != 2 || embedding->rows() > 1 << 24) {
    return keys.wrong("tensor \"token_embd.weight\" must be a matrix of at most 16777216 tokens");
  }
  a.vocab = static_cast<uint32_t>(embedding->rows());
  a.tied_embeddings = checkpoint.find("output.weight") == nullptr;
  return a;
}

}  // namespace

Result<Architecture> read_gguf_architecture(const Checkpoint& checkpoint) {
  const auto family = json::find_string(checkpoint.metadata(), "general.architecture");
  if (family == "llama") return read_llama(checkpoint);
  if (!family) {
    return Error{Error::Kind::data, fmt::format("{}: metadata key \"general.architecture\" is missing; convert the model anew",
                                                checkpoint.path())};
  }
  return Error{Error::Kind::data, fmt::format("{}: architecture {} is not supported; supported: llama", checkpoint.path(),
                                              json::quote(family->substr(0, 80)))};
}

}  // namespace sextant::engine
