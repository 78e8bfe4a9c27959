// What `sextant model info` prints of a model; docs/models.md lists the members.
#include <algorithm>
#include <filesystem>
#include <map>
#include <fmt/format.h>
#include <sextant/sha256.hpp>
#include <sextant/utf8_text.hpp>
#include "../architecture/describe.hpp"
#include "../architecture/footprint.hpp"
#include "../checkpoint/dequantize.hpp"
#include "../checkpoint/known_keys.hpp"
#include "backend_model.hpp"
#include "findings.hpp"

namespace sextant::engine {
namespace {

class Description {
 public:
  Description() : w_(buffer_) { w_.StartObject(); }
  std::string finish() {
    w_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

  json::Writer& writer() { return w_; }
  void key(std::string_view name) { w_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }
  void value(std::string_view text) {  // a vocabulary's bytes need not be UTF-8
    const std::string valid = utf8::repair(text);
    w_.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  }
  void text(std::string_view name, std::string_view text) { key(name), value(text); }
  void number(std::string_view name, uint64_t number) { key(name), w_.Uint64(number); }
  void flag(std::string_view name, bool flag) { key(name), w_.Bool(flag); }
  template <class Body> void object(std::string_view name, Body&& body) {
    key(name);
    w_.StartObject();
    body();
    w_.EndObject();
  }
  void texts(std::string_view name, const std::vector<std::string>& lines) {
    key(name);
    w_.StartArray();
    for (const std::string& line : lines) value(line);
    w_.EndArray();
  }

 private:
  rapidjson::StringBuffer buffer_;
  json::Writer w_;
};

void write_weights(Description& out, const Checkpoint& checkpoint, const Architecture& architecture) {
  std::map<std::string_view, uint64_t> types;
  for (const Tensor& tensor : checkpoint.tensors()) ++types[block_format(tensor.type).name];
  const Footprint f = footprint(checkpoint, architecture);
  out.number("parameters", f.parameters);
  out.object("tensor_types", [&] {
    for (const auto& [name, count] : types) out.number(name, count);
  });
  out.key("architecture");
  write_architecture(out.writer(), architecture);
  out.object("memory", [&] {
    out.object("weights_bytes", [&] {
      out.number("stored", f.stored), out.number("f32", f.f32), out.number("bf16", f.bf16), out.number("int8", f.int8),
          out.number("exact", f.exact);
    });
    out.object("kv_bytes_per_1000_tokens", [&] { out.number("f32", 1000 * f.kv_f32), out.number("bf16", 1000 * f.kv_bf16); });
  });
}

void write_encoder(Description& out, const Checkpoint& checkpoint, const EncoderShape& s) {
  uint64_t parameters = 0;
  std::map<std::string_view, uint64_t> types;
  for (const Tensor& tensor : checkpoint.tensors()) {
    uint64_t numbers = 1;
    for (const uint64_t extent : tensor.shape) numbers *= extent;
    parameters += numbers;
    ++types[block_format(tensor.type).name];
  }
  out.number("parameters", parameters);
  out.object("tensor_types", [&] {
    for (const auto& [name, count] : types) out.number(name, count);
  });
  out.object("encoder", [&] {
    out.number("layers", s.layers), out.number("hidden", s.hidden), out.number("heads", s.heads),
        out.number("head_dim", s.head_dim);
    out.number("feed_forward", s.feed_forward), out.number("vocab", s.vocab), out.number("context", s.context);
    if (s.distance_buckets) out.number("distance_buckets", s.distance_buckets);
  });
}

void write_embedding(Description& out, const SentenceSettings& settings) {
  out.object("embedding", [&] {
    out.text("pooling", name_of(settings.pooling)), out.text("from", settings.from);
    out.flag("normalise", settings.normalise);
    if (settings.tokens) out.number("tokens_max", *settings.tokens);
  });
}

// The tokens around a text: which, whether they are added, and the files that say so.
void write_tokens(Description& out, const Tokenizer& tokenizer, const SpecialTokenClaims& claims) {
  const auto piece = [&](int32_t id) { return token_content(tokenizer, id); };
  const auto token = [&](const std::string& name, std::optional<int32_t> id, const std::vector<TokenClaim>& where) {
    json::Writer& w = out.writer();
    out.key(name);
    if (id) out.value(piece(*id));
    else w.Null();
    out.key(name + "_id");
    if (id) w.Int(*id);
    else w.Null();
    out.text(name + "_from", id ? where_named(where, *id) : "");
  };
  out.number("vocab_size", tokenizer.vocab_size());
  token("bos", tokenizer.bos(), claims.bos);
  token("eos", tokenizer.eos(), claims.eos);
  const bool padded = !claims.pad.empty() && !claims.pad.front().ids.empty();
  token("pad", padded ? std::optional(claims.pad.front().ids.front()) : std::nullopt, claims.pad);
  json::Writer& w = out.writer();
  out.key("end_of_generation");
  w.StartArray();
  for (const int32_t id : tokenizer.end_of_generation()) {
    w.StartObject();
    out.number("id", static_cast<uint64_t>(id));
    out.text("piece", piece(id));
    const std::string from = where_named(claims.eos, id);
    out.text("from", from.empty() ? "its name" : from);
    w.EndObject();
  }
  w.EndArray();
}

// Variables that transformers gives every template: a run cannot set them.
bool is_given(std::string_view name) {
  constexpr std::string_view given[] = {"messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token"};
  return is_one_of(given, name);
}

void write_chat(Description& out, const TemplateChoice& choice, const std::vector<std::string>& names) {
  out.flag("has_chat_template", choice.chat.has_value());
  out.text("chat_template_sha256", choice.chat ? sha256_hex(choice.chat->source()) : "");
  out.text("chat_template_from", choice.origin);
  if (!choice.problem.empty()) out.text("chat_template_problem", choice.problem);
  if (names.size() > 1 || !choice.problem.empty()) out.texts("chat_templates", names);
  if (!choice.chat) return;
  std::vector<std::string> variables;
  for (const jinja::Variable& variable : choice.chat->variables())
    if (!is_given(variable.name)) variables.push_back(variable.name);
  out.texts("chat_template_variables", variables);
}

}  // namespace

std::string BackendModel::describe() {
  Description out;
  out.text("path", config_.path);
  out.text("family", encoder_ ? encoder_->family : architecture_ ? architecture_->family : "");
  if (encoder_) write_encoder(out, *checkpoint_, *encoder_);
  if (architecture_) write_weights(out, *checkpoint_, *architecture_);
  if (checkpoint_ && no_embeddings_.empty()) write_embedding(out, sentence_);
  if (!devices_.empty()) {
    const DeviceLimits limits = devices_.front()->limits();
    out.number("context_length", limits.context);
    out.text("device", fmt::format("{}, {}", hardware_->name(), report_.label));
    out.text("compute", report_.compute);
    const size_t parts = report_.parts;
    out.number("weights_bytes", parts * report_.weights), out.number("buffer_bytes", parts * report_.buffers);
    if (!encoder_) out.number("kv_bytes_max", parts * report_.page * limits.pages);
    if (!encoder_) out.number("kv_bytes_per_token", parts * report_.page / page_tokens);
  }
  uint64_t drafted = 0, accepted = 0;
  for (const auto& speculation : speculation_) drafted += speculation->drafted(), accepted += speculation->accepted();
  uint64_t taken = 0;  // from pages that earlier calls left
  for (const auto& retained : retained_) taken += retained->taken();
  if (drafted > 0 || taken > 0)
    out.object("spent", [&] {
      if (drafted > 0) out.number("drafted_tokens", drafted), out.number("accepted_tokens", accepted);
      if (taken > 0) out.number("reused_tokens", taken);
    });
  std::optional<SpecialTokenClaims> claims;
  if (tokenizer_) {
    // the files were read when the model was opened; one that cannot be read again says nothing
    if (auto read = read_special_token_claims(vocabulary_path(), *tokenizer_)) claims = *std::move(read);
    write_tokens(out, *tokenizer_, claims.value_or(SpecialTokenClaims()));
  }
  out.flag("add_bos", adds_bos_), out.flag("add_eos", adds_eos_);
  out.text("add_from", claims && !claims->adds.empty() ? claims->adds : "no file; what is usual for such a vocabulary");
  write_chat(out, chat_, template_names_);
  if (generation_.IsObject() && !generation_.ObjectEmpty()) {
    out.key("generation");
    generation_.Accept(out.writer());
  }
  out.texts("warnings", warnings_);
  if (tokenizer_ && architecture_) {
    std::filesystem::path path = std::filesystem::path(config_.path).lexically_normal();
    if (path.filename().empty()) path = path.parent_path();
    const Findings found = findings({path.filename().string(), &*tokenizer_, &*architecture_,
                                     chat_.chat ? &*chat_.chat : nullptr, claims ? &*claims : nullptr});
    out.texts("looks_wrong", found.wrong);
    if (!found.notes.empty()) out.texts("notes", found.notes);
  }
  return out.finish();
}

}  // namespace sextant::engine
