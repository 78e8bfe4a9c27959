#include "record_text.hpp"
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include "../base/text.hpp"

namespace sextant::retrieve {
namespace {

/// Python's repr of a float: the shortest digits that read back as the same double; an exponent below 1e-4 and from 1e16 on.
void append_float(std::string& out, double value) {
  const double size = std::fabs(value);
  const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, fixed ? std::chars_format::fixed : std::chars_format::scientific);
  const std::string_view digits(buffer, static_cast<size_t>(end.ptr - buffer));
  out += digits;
  if (fixed && digits.find('.') == digits.npos) out += ".0";
}

/// Python's repr of a str, but for characters beyond ASCII that cannot be printed: these stay as they are.
void append_quoted(std::string& out, std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  out += quote;
  for (const char c : text) {
    if (c == quote || c == '\\') out.append(1, '\\').append(1, c);
    else if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else out += c;
  }
  out += quote;
}

void append(std::string& out, const json::Value& value, bool inside) {
  if (value.IsString()) {
    if (inside) append_quoted(out, json::text(value));
    else out += json::text(value);
  } else if (value.IsBool()) {
    out += value.GetBool() ? "True" : "False";
  } else if (value.IsNull()) {
    out += "None";
  } else if (value.IsDouble()) {
    append_float(out, value.GetDouble());
  } else if (value.IsArray()) {
    out += '[';
    for (auto item = value.Begin(); item != value.End(); ++item) {
      if (item != value.Begin()) out += ", ";
      append(out, *item, true);
    }
    out += ']';
  } else if (value.IsObject()) {
    out += '{';
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
      if (member != value.MemberBegin()) out += ", ";
      append(out, member->name, true);
      out += ": ";
      append(out, member->value, true);
    }
    out += '}';
  } else {
    out += json::write(value);
  }
}

}  // namespace

Result<std::string> record_text(const json::Value& record, std::span<const std::string> input_columns) {
  std::string out;
  for (size_t i = 0; i < input_columns.size(); ++i) {
    const json::Value* value = json::find(record, input_columns[i]);
    if (!value) {
      std::vector<std::string> columns;
      if (record.IsObject())
        for (const auto& member : record.GetObject()) columns.emplace_back(json::text(member.name));
      return Error{Error::Kind::config, fmt::format("input column '{}' does not exist{}; the row has {}", input_columns[i],
                                                    did_you_mean(input_columns[i], columns), join(columns, ", "))};
    }
    if (i > 0) out += ' ';
    append(out, *value, false);
  }
  return out;
}

}  // namespace sextant::retrieve
