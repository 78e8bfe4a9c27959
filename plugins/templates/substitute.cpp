#include "substitute.hpp"
#include <charconv>
#include <cmath>

namespace sextant::templates {
namespace {

// Python's repr: the shortest digits that read back as the same double; an exponent below 1e-4 and from 1e16 on.
std::string python_float(double value) {
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 fixed ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end.ptr);
  if (fixed && text.find('.') == text.npos) text += ".0";
  return text;
}

}  // namespace

std::string as_text(const json::Value& value) {
  if (value.IsString()) return std::string(json::text(value));
  if (value.IsBool()) return value.GetBool() ? "True" : "False";
  if (value.IsNull()) return "None";
  if (value.IsDouble()) return python_float(value.GetDouble());
  return json::write(value);
}

Result<Row> row_from_json(std::string_view text, std::string_view origin) {
  SXT_TRY(const json::Document document, json::parse(text, origin));
  if (!document.IsObject())
    return Error{Error::Kind::data, std::string(origin) + " is not a JSON object; the loader must give one member per column"};
  Row row;
  row.reserve(document.MemberCount());
  for (const auto& member : document.GetObject()) row.emplace_back(json::text(member.name), as_text(member.value));
  return row;
}

const std::string* find_column(const Row& row, std::string_view column) {
  for (const auto& [name, text] : row)
    if (name == column) return &text;
  return nullptr;
}

void set_column(Row& row, std::string_view column, std::string_view text) {
  for (auto& [name, old] : row) {
    if (name != column) continue;
    old = text;
    return;
  }
  row.emplace_back(column, text);
}

std::string substitute_once(std::string_view text, const Row& row) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == text.npos) break;
    text.remove_prefix(open);
    const size_t close = text.find('}');
    const std::string* column = close == text.npos ? nullptr : find_column(row, text.substr(1, close - 1));
    out += column ? std::string_view(*column) : text.substr(0, 1);
    text.remove_prefix(column ? close + 1 : 1);
  }
  return out;
}

std::string substitute_in_sequence(std::string_view text, const Row& row) {
  std::string out(text);
  for (const auto& [name, value] : row) {
    const std::string key = "{" + name + "}";
    for (size_t at = out.find(key); at != out.npos; at = out.find(key, at + value.size())) out.replace(at, key.size(), value);
  }
  return out;
}

}  // namespace sextant::templates
