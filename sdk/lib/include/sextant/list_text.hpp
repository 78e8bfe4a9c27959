// Lists as people write them: one text for a list of one; a list that stands in a cell as text, JSON or as Python prints a list
// of texts and numbers ("['iron', \"cork\", 3]", which is what pandas' to_csv makes of one) or numpy one of texts ("['iron'
// 'cork']", of Parquet's). Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::list_text {

/// Where a text or a list of texts may stand: the texts; of anything else none.
inline std::vector<std::string> one_or_more(const json::Value* value) {
  std::vector<std::string> out;
  if (value && value->IsString()) out.emplace_back(json::text(*value));
  if (value && value->IsArray())
    for (const auto& item : value->GetArray())
      if (item.IsString()) out.emplace_back(json::text(item));
  return out;
}

/// Whether the text is a list or an object; if so, `ret_value` is it.
inline bool read(std::string_view text, json::Document& ret_value) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != text.npos) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos) text.remove_suffix(1);
  if (text.size() < 2 || (text.front() != '[' && text.front() != '{')) return false;
  if (!json::parse_into<json::strict_flags>(ret_value, text).IsError()) return true;
  // Python's quotes become JSON's; what is not text stays, but for its three words
  std::string out;
  bool behind_text = false;  // numpy puts blanks alone between texts
  for (size_t i = 0; i < text.size();) {
    const char quote = text[i];
    if (quote == '\'' || quote == '"') {
      if (behind_text) out += ',';
      behind_text = true;
      std::string inside;
      for (++i; i < text.size() && text[i] != quote; ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
          inside += text[i];
          continue;
        }
        const char next = text[++i];
        if (next == 'n') inside += '\n';
        else if (next == 't') inside += '\t';
        else if (next == 'r') inside += '\r';
        else if (next == '\\' || next == '\'' || next == '"') inside += next;
        else return false;
      }
      if (i == text.size()) return false;
      ++i;
      out += json::quote(inside);
      continue;
    }
    behind_text = behind_text && std::string_view(" \t\r\n").find(text[i]) != text.npos;
    const auto word = [&](std::string_view python, std::string_view in_json) {
      if (text.substr(i, python.size()) != python) return false;
      out += in_json;
      i += python.size();
      return true;
    };
    if (word("None", "null") || word("True", "true") || word("False", "false")) continue;
    if (word("array([", "[") || word("], dtype=object)", "]")) continue;
    out += text[i++];
  }
  return !json::parse_into<json::strict_flags>(ret_value, out).IsError();
}

}  // namespace sextant::list_text
