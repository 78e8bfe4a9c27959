// A turn of a conversation, as chat templates and served models know it. Plain data.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::data {

/// A typed piece of a message's content. `text` for text; for media `uri` (a path or URL) and its media type ("image/png").
struct Part {
  enum class Kind { text, image, audio } kind = Kind::text;
  std::string text;
  std::string uri, media_type;
  bool operator==(const Part&) const = default;
};

/// A tool that the model asks for. `arguments` is a JSON object's text.
struct ToolCall {
  std::string id, name, arguments;
  bool operator==(const ToolCall&) const = default;
};

struct Message {
  std::string role;                 // "system", "user", "assistant", "tool"
  std::vector<Part> parts;
  std::vector<ToolCall> calls;      // of an assistant's turn
  std::string call_id;              // of a tool's turn: which call it answers

  Message() = default;
  Message(std::string role, std::string text);
  /// All text parts, joined.
  std::string text() const;
  /// Appends to the last text part (or makes one).
  void append(std::string_view more);
  bool operator==(const Message&) const = default;
};

/// "text", "image", "audio"
std::string_view part_kind_name(Part::Kind kind);

/// {"role", "content": "text" | [PART...], "tool_calls"?, "tool_call_id"?}: content is a string where all of it is one text.
/// sextant/abi/inferencer.h has all of these forms.
json::Value to_json(const Message& message, json::Document::AllocatorType& allocator);
Result<Message> message_from_json(const json::Value& value, std::string_view origin);
json::Value to_json(const std::vector<Message>& messages, json::Document::AllocatorType& allocator);
Result<std::vector<Message>> messages_from_json(const json::Value& value, std::string_view origin);
/// {"id", "name", "arguments": {...}}; arguments that are not JSON (a model wrote them) are a text.
json::Value to_json(const ToolCall& call, json::Document::AllocatorType& allocator);
Result<ToolCall> tool_call_from_json(const json::Value& value, std::string_view origin);

}  // namespace sextant::data
