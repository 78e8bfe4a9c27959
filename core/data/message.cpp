#include "message.hpp"
#include <sextant/utf8_text.hpp>
#include "../base/text.hpp"
#include "fields.hpp"

namespace sextant::data {
namespace {

using Allocator = json::Document::AllocatorType;

constexpr std::string_view kinds[] = {"text", "image", "audio"};

json::Value part_to_json(const Part& part, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "type", part_kind_name(part.kind), a);
  if (part.kind == Part::Kind::text) {
    json::set(out, "text", utf8::repair(part.text), a);
  } else {
    json::set(out, "uri", part.uri, a);
    json::set(out, "media_type", part.media_type, a);
  }
  return out;
}

Result<Part> part_from_json(const json::Value& value, const std::string& origin) {
  Fields in(value, origin);
  Part part;
  std::string type = "text";
  in.read("type", type);
  bool known = false;
  for (size_t i = 0; i < std::size(kinds); ++i)
    if (kinds[i] == type) part.kind = static_cast<Part::Kind>(i), known = true;
  if (!known) in.fail("type", "text, image or audio");
  in.read("text", part.text);
  in.read("uri", part.uri);
  in.read("media_type", part.media_type);
  in.require(part.kind == Part::Kind::text ? "text" : "uri");
  SXT_CHECK(in.take(true));
  return part;
}

}  // namespace

std::string_view part_kind_name(Part::Kind kind) { return kinds[static_cast<size_t>(kind)]; }

Message::Message(std::string role_, std::string text) : role(std::move(role_)) {
  parts.push_back({Part::Kind::text, std::move(text), {}, {}});
}

std::string Message::text() const {
  std::string out;
  for (const Part& part : parts)
    if (part.kind == Part::Kind::text) out += part.text;
  return out;
}

void Message::append(std::string_view more) {
  if (parts.empty() || parts.back().kind != Part::Kind::text) parts.emplace_back();
  parts.back().text += more;
}

json::Value to_json(const ToolCall& call, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "id", call.id, a);
  json::set(out, "name", call.name, a);
  json::set(out, "arguments", embed(call.arguments.empty() ? "{}" : call.arguments, a), a);
  return out;
}

Result<ToolCall> tool_call_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  ToolCall call;
  in.read("id", call.id);
  in.read("name", call.name);
  // a model may write arguments that are not JSON: they come as a text
  if (const json::Value* arguments = in.find("arguments"))
    call.arguments = arguments->IsString() ? std::string(json::text(*arguments)) : json::write(*arguments);
  in.require("name");
  SXT_CHECK(in.take(true));
  return call;
}

json::Value to_json(const Message& message, Allocator& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "role", message.role, a);
  if (message.parts.size() == 1 && message.parts.front().kind == Part::Kind::text) {
    json::set(out, "content", utf8::repair(message.parts.front().text), a);
  } else {
    json::Value parts(rapidjson::kArrayType);
    for (const Part& part : message.parts) parts.PushBack(part_to_json(part, a), a);
    json::set(out, "content", std::move(parts), a);
  }
  if (!message.calls.empty()) {
    json::Value calls(rapidjson::kArrayType);
    for (const ToolCall& call : message.calls) calls.PushBack(to_json(call, a), a);
    json::set(out, "tool_calls", std::move(calls), a);
  }
  if (!message.call_id.empty()) json::set(out, "tool_call_id", message.call_id, a);
  return out;
}

Result<Message> message_from_json(const json::Value& value, std::string_view origin) {
  Fields in(value, origin);
  Message message;
  in.read("role", message.role);
  in.require("role");
  const json::Value* content = json::find(value, "content");
  if (content && content->IsString()) {
    std::string text;
    in.read("content", text);
    message.parts.push_back({Part::Kind::text, std::move(text), {}, {}});
  } else {
    in.each("content", [&](const json::Value& part, const std::string& where) -> Result<void> {
      SXT_TRY(Part parsed, part_from_json(part, where));
      message.parts.push_back(std::move(parsed));
      return {};
    });
  }
  in.each("tool_calls", [&](const json::Value& call, const std::string& where) -> Result<void> {
    SXT_TRY(ToolCall parsed, tool_call_from_json(call, where));
    message.calls.push_back(std::move(parsed));
    return {};
  });
  in.read("tool_call_id", message.call_id);
  SXT_CHECK(in.take(true));
  return message;
}

json::Value to_json(const std::vector<Message>& messages, Allocator& a) {
  json::Value out(rapidjson::kArrayType);
  for (const Message& message : messages) out.PushBack(to_json(message, a), a);
  return out;
}

Result<std::vector<Message>> messages_from_json(const json::Value& value, std::string_view origin) {
  if (!value.IsArray()) return Error{Error::Kind::data, std::string(origin) + " is not a list of messages"};
  std::vector<Message> out;
  for (const auto& item : value.GetArray()) {
    SXT_TRY(Message message, message_from_json(item, std::string(origin) + "[" + std::to_string(out.size()) + "]"));
    out.push_back(std::move(message));
  }
  return out;
}

}  // namespace sextant::data
