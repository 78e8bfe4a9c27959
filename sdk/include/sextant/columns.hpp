// A record's columns in texts: "{question}", "{choices[0]}", "{answer.aliases}". What templates, derived columns and checks
// share: how a column is named, found and written. Pure; [any] thread.
#pragma once
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::columns {

namespace detail {

// Python's repr: the shortest digits that read back as the same double; an exponent below 1e-4 and from 1e16 on.
inline std::string python_float(double value) {
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end.ptr);
  if (fixed && text.find('.') == text.npos) text += ".0";
  return text;
}

// "[12]" at the front of `path`: the number, and the path behind it.
inline std::optional<uint64_t> take_index(std::string_view& path) {
  if (path.empty() || path.front() != '[') return std::nullopt;
  uint64_t index = 0;
  const auto [end, code] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
  if (code != std::errc() || end == path.data() + 1 || end == path.data() + path.size() || *end != ']') return std::nullopt;
  path.remove_prefix(static_cast<size_t>(end - path.data()) + 1);
  return index;
}

}  // namespace detail

/// A JSON value as it stands in a prompt: a string's text; numbers, booleans and null as Python's str() prints them (the
/// convention of the data sets' own prompts); lists and objects as compact JSON.
inline std::string as_text(const json::Value& value) {
  if (value.IsString()) return std::string(json::text(value));
  if (value.IsBool()) return value.GetBool() ? "True" : "False";
  if (value.IsNull()) return "None";
  if (value.IsDouble()) return detail::python_float(value.GetDouble());
  return json::write(value);
}

/// The value that a path names, or null: "question", "answer.aliases", "choices[0]", "turns[1].text". A column whose whole name
/// is the path comes first, since a CSV header may hold dots and brackets.
inline const json::Value* find(const json::Value& record, std::string_view path) {
  if (const json::Value* column = json::find(record, path)) return column;
  const size_t name_end = std::min(path.find_first_of(".["), path.size());
  if (name_end == 0 || name_end == path.size()) return nullptr;
  const json::Value* value = json::find(record, path.substr(0, name_end));
  path.remove_prefix(name_end);
  while (value && !path.empty()) {
    if (path.front() == '[') {
      const auto index = detail::take_index(path);
      if (!index || !value->IsArray() || *index >= value->Size()) return nullptr;
      value = &(*value)[static_cast<rapidjson::SizeType>(*index)];
    } else if (path.front() == '.') {
      const size_t end = std::min(path.find_first_of(".[", 1), path.size());
      value = json::find(*value, path.substr(1, end - 1));
      path.remove_prefix(end);
    } else {
      return nullptr;
    }
  }
  return value;
}

/// The column that a path begins with: "answer" of "answer.aliases[0]".
inline std::string_view column_of(std::string_view path) { return path.substr(0, path.find_first_of(".[")); }

/// One pass from left to right: {path} becomes its text, which is not looked at again; a brace around anything else stays.
inline std::string fill(std::string_view text, const json::Value& record) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == text.npos) break;
    text.remove_prefix(open);
    const size_t close = text.find('}');
    const json::Value* value = close == text.npos ? nullptr : find(record, text.substr(1, close - 1));
    if (value) out += as_text(*value);
    else out += '{';
    text.remove_prefix(value ? close + 1 : 1);
  }
  return out;
}

/// The paths in braces that a person wrote for columns: an identifier, then names and indices. "{}", "{0}", "{x+1}" and LaTeX's
/// "\boxed{X}" are none.
inline std::vector<std::string> placeholders(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  };
  const auto name_char = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  std::vector<std::string> out;
  for (size_t open = text.find('{'); open != text.npos; open = text.find('{', open + 1)) {
    size_t command = open;
    while (command > 0 && letter(text[command - 1])) --command;
    if (command < open && command > 0 && text[command - 1] == '\\') continue;
    const size_t close = text.find('}', open);
    if (close == text.npos) break;
    std::string_view rest = text.substr(open + 1, close - open - 1);
    const std::string path(rest);
    bool sound = !rest.empty() && letter(rest.front());
    while (sound && !rest.empty() && name_char(rest.front())) rest.remove_prefix(1);
    while (sound && !rest.empty()) {
      if (rest.front() == '[') {
        sound = detail::take_index(rest).has_value();
        continue;
      }
      sound = rest.size() > 1 && rest.front() == '.' && name_char(rest[1]);
      if (sound) rest.remove_prefix(1);
      while (sound && !rest.empty() && name_char(rest.front())) rest.remove_prefix(1);
    }
    if (sound) out.push_back(path);
  }
  return out;
}

}  // namespace sextant::columns
