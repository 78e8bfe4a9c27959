#include "python_text.hpp"
#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace sextant::exchange {
namespace {

// '...' unless the text has a single quote and no double one.
std::string quoted(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (byte < 0x20 || byte == 0x7F) out += fmt::format("\\x{:02x}", byte);
    else out += c;
  }
  return out + quote;
}

// What json.dumps escapes where it leaves letters beyond ASCII alone.
std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (c == '\b') out += "\\b";
    else if (c == '\f') out += "\\f";
    else if (byte < 0x20) out += fmt::format("\\u{:04x}", byte);
    else out += c;
  }
  return out + '"';
}

std::string number_text(const json::Value& value) {
  if (value.IsUint64()) return std::to_string(value.GetUint64());
  if (value.IsInt64()) return std::to_string(value.GetInt64());
  return python_float(value.GetDouble());
}

std::string repr(const json::Value& value) {
  if (value.IsNull()) return "None";
  if (value.IsBool()) return value.GetBool() ? "True" : "False";
  if (value.IsNumber()) return number_text(value);
  if (value.IsString()) return quoted(json::text(value));
  std::string out;
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) out += (out.empty() ? "" : ", ") + repr(item);
    return "[" + out + "]";
  }
  for (const auto& member : value.GetObject())
    out += (out.empty() ? "" : ", ") + quoted(json::text(member.name)) + ": " + repr(member.value);
  return "{" + out + "}";
}

void dump(const json::Value& value, size_t depth, std::string& out) {
  const std::string inner = "\n" + std::string(2 * (depth + 1), ' '), outer = "\n" + std::string(2 * depth, ' ');
  if (value.IsNull()) out += "null";
  else if (value.IsBool()) out += value.GetBool() ? "true" : "false";
  else if (value.IsNumber()) out += number_text(value);
  else if (value.IsString()) out += json_quoted(json::text(value));
  else if (value.IsArray()) {
    out += '[';
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      out += (i == 0 ? "" : ",") + inner;
      dump(value[i], depth + 1, out);
    }
    out += value.Empty() ? "]" : outer + "]";
  } else {
    out += '{';
    bool first = true;
    for (const auto& member : value.GetObject()) {
      out += (first ? "" : ",") + inner + json_quoted(json::text(member.name)) + ": ";
      first = false;
      dump(member.value, depth + 1, out);
    }
    out += first ? "}" : outer + "}";
  }
}

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string out(buffer, end.ptr);
  if (!exponent && out.find('.') == out.npos) out += ".0";
  return out;
}

std::string python_str(const json::Value& value) { return value.IsString() ? std::string(json::text(value)) : repr(value); }

std::string python_dumps(const json::Value& value) {
  std::string out;
  dump(value, 0, out);
  return out;
}

}  // namespace sextant::exchange
