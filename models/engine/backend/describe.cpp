// What `sextant model info` prints of a model.
#include <map>
#include <fmt/format.h>
#include "../architecture/describe.hpp"
#include "../checkpoint/dequantize.hpp"
#include "../checkpoint/sha256.hpp"
#include "backend_model.hpp"

namespace sextant::engine {
std::string BackendModel::describe() {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  const auto text = [&](const char* key, std::string_view value) {
    w.Key(key);
    w.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto number = [&](const char* key, uint64_t value) { w.Key(key); w.Uint64(value); };
  const auto flag = [&](const char* key, bool value) { w.Key(key); w.Bool(value); };
  const auto token = [&](const char* key, std::optional<int32_t> id) {
    w.Key(key);
    if (id) w.String(tokenizer_->piece(*id).value_or(""));
    else w.Null();
    w.Key((std::string(key) + "_id").c_str());
    if (id) w.Int(*id);
    else w.Null();
  };
  w.StartObject();
  text("path", config_.path);
  uint64_t parameters = 0;
  std::map<std::string_view, uint64_t> types;
  for (size_t i = 0; checkpoint_ && i < checkpoint_->tensors().size(); ++i) {
    const Tensor& t = checkpoint_->tensors()[i];
    uint64_t numbers = 1;
    for (const uint64_t n : t.shape) numbers *= n;
    parameters += numbers;
    ++types[block_format(t.type).name];
  }
  text("family", architecture_ ? architecture_->family : "");
  number("parameters", parameters);
  w.Key("tensor_types");
  w.StartObject();
  for (const auto& [name, count] : types) number(std::string(name).c_str(), count);
  w.EndObject();
  if (device_) {
    w.Key("architecture");
    write_architecture(w, *architecture_);
    number("context_length", device_->limits().context);
    text("device", fmt::format("{}, {}", hardware_->name(), report_.label));
    text("compute", report_.compute);
    number("weights_bytes", report_.weights), number("buffer_bytes", report_.buffers),
        number("kv_bytes_max", report_.page * device_->limits().pages);
    number("kv_bytes_per_token", report_.page / page_tokens);
  }
  if (tokenizer_) {
    number("vocab_size", tokenizer_->vocab_size());
    token("bos", tokenizer_->bos());
    token("eos", tokenizer_->eos());
    w.Key("end_of_generation");
    w.StartArray();
    for (const int32_t id : tokenizer_->end_of_generation()) {
      w.StartObject();
      number("id", static_cast<uint64_t>(id));
      text("piece", tokenizer_->piece(id).value_or(""));
      w.EndObject();
    }
    w.EndArray();
  }
  flag("add_bos", adds_bos_);
  flag("has_chat_template", chat_.has_value());
  text("chat_template_sha256", chat_ ? or_throw(sha256_hex(std::as_bytes(std::span(chat_->source())))) : "");
  w.Key("warnings");
  w.StartArray();
  for (const std::string& line : warnings_) w.String(line);
  w.EndArray();
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace sextant::engine
