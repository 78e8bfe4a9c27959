#include "substitute.hpp"
#include <sextant/columns.hpp>

namespace sextant::templates {
namespace {

// {name.member} and {name[0]} that name a value; a column by its whole name is left to the loop.
std::string fill_paths(std::string_view text, const json::Value& record) {
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    out += text.substr(0, open);
    if (open == text.npos) break;
    text.remove_prefix(open);
    const size_t close = text.find('}');
    const std::string_view path = close == text.npos ? std::string_view() : text.substr(1, close - 1);
    const json::Value* value =
        path.find_first_of(".[") == path.npos || json::find(record, path) ? nullptr : columns::find(record, path);
    if (value) out += columns::as_text(*value);
    else out += '{';
    text.remove_prefix(value ? close + 1 : 1);
  }
  return out;
}

}  // namespace

std::string substitute_in_sequence(std::string_view text, const json::Value& record) {
  std::string out = fill_paths(text, record);
  if (!record.IsObject()) return out;
  for (const auto& member : record.GetObject()) {
    const std::string key = "{" + std::string(json::text(member.name)) + "}";
    size_t at = out.find(key);
    if (at == out.npos) continue;
    const std::string value = columns::as_text(member.value);
    for (; at != out.npos; at = out.find(key, at + value.size())) out.replace(at, key.size(), value);
  }
  return out;
}

}  // namespace sextant::templates
