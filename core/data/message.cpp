#include "message.hpp"
#include <fmt/format.h>

namespace sextant::data {
namespace {

constexpr std::pair<Part::Kind, std::string_view> kinds[] = {
    {Part::Kind::text, "text"}, {Part::Kind::image, "image"}, {Part::Kind::audio, "audio"}};

std::string_view kind_name(Part::Kind kind) {
  for (const auto& [value, name] : kinds)
    if (value == kind) return name;
  return "text";
}

Error bad(std::string_view origin, std::string_view what) { return {Error::Kind::data, fmt::format("{}: a message {}", origin, what)}; }

json::Value part_to_json(const Part& part, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "type", kind_name(part.kind), a);
  if (part.kind == Part::Kind::text) {
    json::set(out, "text", part.text, a);
    return out;
  }
  json::set(out, "uri", part.uri, a);
  if (!part.media_type.empty()) json::set(out, "media_type", part.media_type, a);
  return out;
}

Result<Part> part_from_json(const json::Value& value, std::string_view origin) {
  const std::string type = json::find_string(value, "type").value_or("");
  for (const auto& [kind, name] : kinds) {
    if (name != type) continue;
    return Part{kind, json::find_string(value, "text").value_or(""), json::find_string(value, "uri").value_or(""),
                json::find_string(value, "media_type").value_or("")};
  }
  return bad(origin, fmt::format("has a part of type '{}'; it must be text, image or audio", type));
}

}  // namespace

Message::Message(std::string role_, std::string text) : role(std::move(role_)) { parts.push_back({Part::Kind::text, std::move(text), {}, {}}); }

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

json::Value to_json(const Message& message, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kObjectType);
  json::set(out, "role", message.role, a);
  if (message.parts.empty() || (message.parts.size() == 1 && message.parts.front().kind == Part::Kind::text)) {
    json::set(out, "content", message.text(), a);
  } else {
    json::Value parts(rapidjson::kArrayType);
    for (const Part& part : message.parts) parts.PushBack(part_to_json(part, a), a);
    json::set(out, "content", std::move(parts), a);
  }
  if (!message.calls.empty()) {
    json::Value calls(rapidjson::kArrayType);
    for (const ToolCall& call : message.calls) {
      json::Value item(rapidjson::kObjectType);
      json::set(item, "id", call.id, a);
      json::set(item, "name", call.name, a);
      json::set(item, "arguments", call.arguments, a);
      calls.PushBack(std::move(item), a);
    }
    json::set(out, "tool_calls", std::move(calls), a);
  }
  if (!message.call_id.empty()) json::set(out, "tool_call_id", message.call_id, a);
  return out;
}

Result<Message> message_from_json(const json::Value& value, std::string_view origin) {
  if (!value.IsObject()) return bad(origin, "is not an object");
  const auto role = json::find_string(value, "role");
  const json::Value* content = json::find(value, "content");
  if (!role) return bad(origin, "has no text \"role\"");
  Message out;
  out.role = *role;
  if (content && content->IsString()) {
    out.append(json::text(*content));
  } else if (content && content->IsArray()) {
    for (const auto& item : content->GetArray()) {
      SXT_TRY(Part part, part_from_json(item, origin));
      out.parts.push_back(std::move(part));
    }
  } else if (content && !content->IsNull()) {
    return bad(origin, "has a \"content\" that is neither a text nor a list of parts");
  }
  if (const json::Value* calls = json::find(value, "tool_calls"); calls && calls->IsArray())
    for (const auto& item : calls->GetArray())
      out.calls.push_back({json::find_string(item, "id").value_or(""), json::find_string(item, "name").value_or(""),
                           json::find_string(item, "arguments").value_or("{}")});
  out.call_id = json::find_string(value, "tool_call_id").value_or("");
  return out;
}

}  // namespace sextant::data
