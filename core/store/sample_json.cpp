#include "sample_json.hpp"
#include <fmt/format.h>
#include "../base/text.hpp"

namespace sextant::store {
namespace {

json::Value prompt_to_json(const render::Prompt& prompt, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "label", prompt.label, a);
  json::set(out, "text", prompt.text.str(), a);
  json::set(out, "chat", json::Value(prompt.chat), a);
  json::set(out, "question_bytes", json::Value(static_cast<uint64_t>(prompt.question_bytes)), a);
  if (!prompt.messages.empty()) {
    json::Value messages(rapidjson::kArrayType);
    for (const data::Message& message : prompt.messages) {
      json::Value item(rapidjson::kObjectType);
      json::set(item, "role", message.role, a);
      json::set(item, "content", message.text(), a);
      messages.PushBack(std::move(item), a);
    }
    json::set(out, "messages", std::move(messages), a);
  }
  return out;
}

uint64_t number(const json::Value& object, const char* key) {
  const json::Value* value = json::find(object, key);
  return value && value->IsUint64() ? value->GetUint64() : 0;
}
std::string text(const json::Value& object, const char* key) { return json::find_string(object, key).value_or(""); }

const json::Value& list(const json::Value& object, const char* key) {
  static const json::Value empty(rapidjson::kArrayType);
  const json::Value* value = json::find(object, key);
  return value && value->IsArray() ? *value : empty;
}

render::Prompt prompt_from_json(const json::Value& value) {
  render::Prompt prompt;
  prompt.label = text(value, "label");
  prompt.text = text(value, "text");
  prompt.chat = json::find_bool(value, "chat").value_or(false);
  prompt.question_bytes = number(value, "question_bytes");
  for (const auto& item : list(value, "messages").GetArray())
    prompt.messages.emplace_back(text(item, "role"), text(item, "content"));
  return prompt;
}

}  // namespace

json::Value embed(const std::string& json_text, json::Document::AllocatorType& allocator) {
  const auto parsed = json::parse(json_text, "");
  json::Value out;
  if (parsed)
    out.CopyFrom(*parsed, allocator);
  else
    out.SetString(to_valid_utf8(json_text), allocator);
  return out;
}

std::string to_line(const Sample& sample) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "key", sample.key, a);
  json::set(out, "index", json::Value(sample.index), a);
  json::set(out, "prediction", to_valid_utf8(sample.prediction), a);
  if (!sample.labels.empty()) {
    json::Value labels(rapidjson::kArrayType);
    for (const LabelScore& label : sample.labels) {
      json::Value item(rapidjson::kObjectType);
      json::set(item, "label", label.label, a);
      json::set(item, "input", label.input, a);
      json::set(item, "logprob", json::Value(label.logprob), a);
      json::set(item, "tokens", json::Value(label.tokens), a);
      json::set(item, "value", json::Value(label.value), a);
      labels.PushBack(std::move(item), a);
    }
    json::set(out, "labels", std::move(labels), a);
  }
  json::set(out, "gold", embed(sample.gold_json, a), a);
  json::set(out, "record", embed(sample.record_json, a), a);
  json::Value prompts(rapidjson::kArrayType);
  for (const render::Prompt& prompt : sample.prompts) prompts.PushBack(prompt_to_json(prompt, a), a);
  json::set(out, "prompts", std::move(prompts), a);
  const std::pair<const char*, uint32_t> counters[] = {{"prompt_tokens", sample.prompt_tokens},
                                                       {"computed_tokens", sample.computed_tokens},
                                                       {"generated_tokens", sample.generated_tokens},
                                                       {"truncated_tokens", sample.truncated_tokens},
                                                       {"dropped_shots", sample.dropped_shots}};
  for (const auto& [name, value] : counters) json::set(out, name, json::Value(value), a);
  if (!sample.finish.empty()) json::set(out, "finish", sample.finish, a);
  return json::write(out);
}

Result<Sample> sample_from_line(std::string_view line) {
  SXT_TRY(const json::Document in, json::parse(line, "journal line"));
  Sample sample;
  sample.key = text(in, "key");
  const json::Value* record = json::find(in, "record");
  const json::Value* gold = json::find(in, "gold");
  if (sample.key.empty() || !json::find_string(in, "prediction") || !record || !gold || !json::find_int(in, "index"))
    return Error{Error::Kind::data, "a journal line lacks \"key\", \"index\", \"prediction\", \"gold\" or \"record\""};
  sample.index = number(in, "index");
  sample.record_json = json::write(*record);
  sample.gold_json = json::write(*gold);
  sample.prediction = text(in, "prediction");
  for (const auto& item : list(in, "labels").GetArray())
    sample.labels.push_back({text(item, "label"), text(item, "input"), json::find_number(item, "logprob").value_or(0),
                             static_cast<uint32_t>(number(item, "tokens")), json::find_number(item, "value").value_or(0)});
  for (const auto& item : list(in, "prompts").GetArray()) sample.prompts.push_back(prompt_from_json(item));
  sample.prompt_tokens = static_cast<uint32_t>(number(in, "prompt_tokens"));
  sample.computed_tokens = static_cast<uint32_t>(number(in, "computed_tokens"));
  sample.generated_tokens = static_cast<uint32_t>(number(in, "generated_tokens"));
  sample.truncated_tokens = static_cast<uint32_t>(number(in, "truncated_tokens"));
  sample.dropped_shots = static_cast<uint32_t>(number(in, "dropped_shots"));
  sample.finish = text(in, "finish");
  return sample;
}

}  // namespace sextant::store
