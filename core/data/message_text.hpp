// Turns as JSON text, without a tree of values.
#pragma once
#include <sextant/json_text.hpp>
#include "message.hpp"

namespace sextant::data {

/// As to_json() gives it.
inline void write(JsonText& out, const Message& message) {
  const bool plain = message.parts.size() == 1 && message.parts.front().kind == Part::Kind::text && message.calls.empty() &&
                     message.call_id.empty();
  if (!plain) {
    json::Document scratch;
    return out.value(to_json(message, scratch.GetAllocator()));
  }
  out.begin_object();
  out.member("role", message.role);
  out.member("content", message.parts.front().text);
  out.end_object();
}

}  // namespace sextant::data
