#include "format_changes.hpp"
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace sextant::config {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

// `text` has no placeholders: what stands between two of them. `begins_line`: it begins the text.
std::string changed(std::string_view text, uint32_t number, bool begins_text, bool next_is_column) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins_line = i == 0 ? begins_text : text[i - 1] == '\n';
    const auto at = [&](size_t k) { return k < text.size() ? text[k] : '\0'; };
    if (number == 1 && begins_line && text[i] >= 'A' && text[i] <= 'Z' && (at(i + 1) == '.' || at(i + 1) == ')') &&
        at(i + 2) == ' ') {
      out += std::string("(") + text[i] + ") ";
      i += 2;
    } else if (number == 2 && text[i] == ':' && at(i + 1) == ' ' && (i + 2 < text.size() || next_is_column)) {
      out += ":\n";
      ++i;
    } else if (number == 3 && text[i] == '\n' && at(i + 1) != '\n' && (i == 0 || text[i - 1] != '\n')) {
      out += "\n\n";
    } else {
      out += text[i];
    }
  }
  if (number != 4) return out;
  for (size_t colon = out.find(':'); colon != out.npos; colon = out.find(':', colon + 1))
    for (size_t i = colon; i > 0 && is_letter(out[i - 1]); --i)
      out[i - 1] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[i - 1])));
  return out;
}

std::string rewritten(std::string_view text, uint32_t number) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = std::min(text.find('{', at), text.size());
    out += changed(text.substr(at, open - at), number, at == 0, open < text.size());
    const size_t close = std::min(text.find('}', open), text.size());
    out += text.substr(open, close + (close < text.size()) - open);
    at = std::min(close + 1, text.size());
  }
  return out;
}

constexpr std::string_view texts[] = {"prompt", "begin", "end", "shot", "cloze", "line"};

}  // namespace

bool change_format(json::Value& value, uint32_t number, json::Document::AllocatorType& a) {
  bool out = false;
  if (value.IsArray())
    for (auto& item : value.GetArray()) out |= change_format(item, number, a);
  if (!value.IsObject()) return out;
  for (auto& member : value.GetObject()) {
    const std::string_view key = json::text(member.name);
    if (number == 1 && key == "choices" && member.value.IsObject() && !json::find(member.value, "line")) {
      json::set(member.value, "line", "({label}) {text}", a);  // instead of the default "{label}. {text}"
      out = true;
    }
    if (!member.value.IsString() || std::find(std::begin(texts), std::end(texts), key) == std::end(texts)) {
      out |= change_format(member.value, number, a);
      continue;
    }
    const std::string before(json::text(member.value)), after = rewritten(before, number);
    if (before == after) continue;
    member.value = json::Value(after, a);
    out = true;
  }
  return out;
}

}  // namespace sextant::config
