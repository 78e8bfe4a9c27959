#include "sample.hpp"
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "fields.hpp"

namespace sextant::data {
namespace {

using Allocator = json::Document::AllocatorType;

constexpr std::string_view forms[] = {"open", "labels", "continuations", "cloze", "whole"};

}  // namespace

std::string_view form_name(Form form) { return forms[static_cast<size_t>(form)]; }
std::optional<Form> form_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(forms); ++i)
    if (forms[i] == name) return static_cast<Form>(i);
  return std::nullopt;
}

json::Value to_json(const SampleId& id, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "task", id.task, a);
  json::set(out, "row", json::Value(id.row), a);
  json::set(out, "repeat", json::Value(id.repeat), a);
  return out;
}

Result<SampleId> sample_id_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  SampleId id;
  in.read("task", id.task);
  in.read("row", id.row);
  in.read("repeat", id.repeat);
  SXT_CHECK(in.take());
  return id;
}

json::Value to_json(const Sample& sample, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "id", to_json(sample.id, a), a);
  json::set(out, "record", embed(sample.record_json.empty() ? "{}" : sample.record_json, a), a);
  json::set(out, "target", embed(sample.target_json.empty() ? "\"\"" : sample.target_json, a), a);
  if (!sample.cluster.empty()) json::set(out, "cluster", sample.cluster, a);
  if (!sample.shots.empty()) json::set(out, "shots", list(sample.shots, a), a);
  return out;
}

Result<Sample> sample_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Sample sample;
  in.require("id");
  if (const json::Value* id = in.find("id")) {
    SXT_TRY(sample.id, sample_id_from_json(*id, in.where("id")));
  }
  in.require("record");
  in.read_json("record", sample.record_json);
  in.read_json("target", sample.target_json);
  in.read("cluster", sample.cluster);
  in.read("shots", sample.shots);
  SXT_CHECK(in.take());
  return sample;
}

json::Value to_json(const Prompt& prompt, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  if (!prompt.label.empty()) json::set(out, "label", prompt.label, a);
  json::set(out, "text", utf8::repair(prompt.text), a);
  if (!prompt.messages.empty()) json::set(out, "messages", to_json(prompt.messages, a), a);
  if (prompt.question_bytes) json::set(out, "question_bytes", json::Value(static_cast<uint64_t>(prompt.question_bytes)), a);
  if (prompt.chat) json::set(out, "chat", json::Value(true), a);
  return out;
}

Result<Prompt> prompt_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Prompt prompt;
  std::string text;
  uint64_t question_bytes = 0;
  in.read("label", prompt.label);
  in.read("text", text);
  prompt.text = Text(std::move(text));
  if (const json::Value* messages = in.find("messages")) {
    SXT_TRY(prompt.messages, messages_from_json(*messages, in.where("messages")));
  }
  in.read("question_bytes", question_bytes);
  prompt.question_bytes = question_bytes;
  in.read("chat", prompt.chat);
  SXT_CHECK(in.take());
  return prompt;
}

json::Value to_json(const Prompts& prompts, Allocator& a) {
  json::Value out(rapidjson::kObjectType), list(rapidjson::kArrayType);
  for (const Prompt& prompt : prompts.prompts) list.PushBack(to_json(prompt, a), a);
  json::set(out, "prompts", std::move(list), a);
  if (prompts.continuations.empty()) return out;
  json::Value continuations(rapidjson::kArrayType);
  for (const Continuation& continuation : prompts.continuations) {
    json::Value item(rapidjson::kObjectType);
    json::set(item, "label", continuation.label, a);
    json::set(item, "text", utf8::repair(continuation.text), a);
    continuations.PushBack(std::move(item), a);
  }
  json::set(out, "continuations", std::move(continuations), a);
  return out;
}

Result<Prompts> prompts_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Prompts prompts;
  in.each("prompts", [&](const json::Value& item, const std::string& where) -> Result<void> {
    SXT_TRY(Prompt prompt, prompt_from_json(item, where));
    prompts.prompts.push_back(std::move(prompt));
    return {};
  });
  in.each("continuations", [&](const json::Value& item, const std::string& where) -> Result<void> {
    Fields fields(item, where);
    std::string label, text;
    fields.read("label", label);
    fields.read("text", text);
    SXT_CHECK(fields.take());
    prompts.continuations.push_back({std::move(label), Text(std::move(text))});
    return {};
  });
  SXT_CHECK(in.take());
  return prompts;
}

}  // namespace sextant::data
