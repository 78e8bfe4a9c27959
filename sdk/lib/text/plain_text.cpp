#include <sextant/plain_text.hpp>
#include <algorithm>
#include <utf8proc.h>
#include "../jinja/text.hpp"

namespace sextant::text {
namespace {

int category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_article(std::string_view word) {
  const auto same = [&](std::string_view article) {
    return word.size() == article.size() &&
           std::equal(word.begin(), word.end(), article.begin(), [](char a, char b) { return (a | 0x20) == b; });
  };
  return same("a") || same("an") || same("the");
}

}  // namespace

bool is_blank(char32_t c) { return jinja::is_blank(c); }
bool is_digit(char32_t c) { return jinja::is_decimal(c); }
bool is_upper(char32_t c) { return jinja::is_upper(c); }
bool is_lower(char32_t c) { return jinja::is_lower(c); }
bool is_word(char32_t c) { return c == '_' || jinja::is_letter(c) || jinja::is_numeric(c); }
bool is_punctuation(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_PC && category(c) <= UTF8PROC_CATEGORY_PO; }
bool is_symbol(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_SM && category(c) <= UTF8PROC_CATEGORY_SO; }
bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}
bool is_chinese(char32_t c) {
  return (c >= 0x2E80 && c <= 0x303F) || (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x323AF);
}

bool all_digits(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!c.valid || !jinja::is_digit(c.code)) return false;
    i += c.size;
  }
  return !text.empty();
}

std::string_view strip(std::string_view text) { return jinja::strip(text, true, true); }
std::string_view strip(std::string_view text, std::string_view of) { return jinja::strip(text, true, true, of); }
std::string lower(std::string_view text) { return jinja::lower(text); }
std::string upper(std::string_view text) { return jinja::upper(text); }

std::u32string code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    out += c.code;
    i += c.size;
  }
  return out;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) utf8::append(out, c);
  return out;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (c.valid && is_blank(c.code)) {
      if (i > begin) out.push_back(text.substr(begin, i - begin));
      begin = i + c.size;
    }
    i += c.size;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  for (size_t at; (at = text.find(separator)) != text.npos; text.remove_prefix(at + separator.size()))
    out.push_back(text.substr(0, at));
  out.push_back(text);
  return out;
}

std::vector<std::string_view> lines(std::string_view text) { return jinja::lines(text); }

std::string_view before(std::string_view text, std::string_view separator) { return text.substr(0, text.find(separator)); }

std::string_view behind_last(std::string_view text, std::string_view separator) {
  const size_t at = text.rfind(separator);
  return at == text.npos ? text : text.substr(at + separator.size());
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  return jinja::replaced(text, from, to);
}

std::string joined(const std::vector<std::string_view>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) out.append(i == 0 ? "" : separator).append(parts[i]);
  return out;
}

std::string without_articles(std::string_view text, std::string_view by) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    for (utf8::Character c = utf8::at(text, end); c.valid && is_word(c.code); c = utf8::at(text, end)) end += c.size;
    if (end > i) out += is_article(text.substr(i, end - i)) ? by : text.substr(i, end - i);
    else out.append(text, i, (end = i + utf8::at(text, i).size) - i);
    i = end;
  }
  return out;
}

std::string single_blanks(std::string_view text) { return joined(words(text)); }

}  // namespace sextant::text
