#include "text.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8.hpp>

namespace sextant::engine::jinja {
namespace {

template <class F> std::string map(std::string_view text, const F& f) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (c.valid) f(out, c.code);
    else out += text[i];
    i += c.size;
  }
  return out;
}

// Letters in pairs: upper case at even (or odd) code points, the lower one right after it.
bool paired_even(char32_t c) {
  return (c >= 0x100 && c < 0x130) || (c >= 0x132 && c < 0x138) || (c >= 0x14A && c < 0x178) || (c >= 0x1DE && c < 0x1F0) ||
         (c >= 0x1F8 && c < 0x220) || (c >= 0x222 && c < 0x234) || (c >= 0x370 && c < 0x374) || (c >= 0x3D8 && c < 0x3F0) ||
         (c >= 0x460 && c < 0x482) || (c >= 0x48A && c < 0x4C0) || (c >= 0x4D0 && c < 0x530) || (c >= 0x1E00 && c < 0x1E96) ||
         (c >= 0x1EA0 && c < 0x1F00);
}
bool paired_odd(char32_t c) { return (c >= 0x139 && c < 0x149) || (c >= 0x179 && c < 0x17F) || (c >= 0x1CD && c < 0x1DD) || (c >= 0x4C1 && c < 0x4CF); }

}  // namespace

size_t length(std::string_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size(); i += utf8::at(text, i).size) ++n;
  return n;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    const size_t size = utf8::at(text, i).size;
    out.push_back(text.substr(i, size));
    i += size;
  }
  return out;
}

bool is_blank(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(first[more] | c >> (6 * more));
  for (int k = more - 1; k >= 0; --k) out += static_cast<char>(0x80 | (c >> (6 * k) & 0x3F));
}

std::string_view strip(std::string_view text, bool left, bool right, std::optional<std::string_view> of) {
  const auto stripped = [&](size_t at, size_t size) {
    return of ? size > 0 && of->find(text.substr(at, size)) != of->npos : is_blank(utf8::at(text, at).code);
  };
  while (left && !text.empty()) {
    const size_t size = utf8::at(text, 0).size;
    if (!stripped(0, size)) break;
    text.remove_prefix(size);
  }
  while (right && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    if (!stripped(at, text.size() - at)) break;
    text.remove_suffix(text.size() - at);
  }
  return text;
}

char32_t upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if ((c >= 0xE0 && c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3CB && c != 0x3C2) || (c >= 0x430 && c <= 0x44F)) return c - 32;
  if (c == 0xFF) return 0x178;
  if (c == 0xB5) return 0x39C;
  if (c == 0x131) return 'I';
  if (c == 0x3C2) return 0x3A3;
  if (c == 0x3AC) return 0x386;
  if (c >= 0x3AD && c <= 0x3AF) return c - 37;
  if (c == 0x3CC) return 0x38C;
  if (c == 0x3CD || c == 0x3CE) return c - 63;
  if (c >= 0x450 && c <= 0x45F) return c - 80;
  if (c == 0x4CF) return 0x4C0;
  if (c >= 0x561 && c <= 0x586) return c - 48;
  if (paired_even(c)) return c & ~char32_t{1};
  if (paired_odd(c)) return c % 2 ? c : c - 1;
  return c;
}

char32_t lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB && c != 0x3A2) || (c >= 0x410 && c <= 0x42F)) return c + 32;
  if (c == 0x178) return 0xFF;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c == 0x4C0) return 0x4CF;
  if (c >= 0x531 && c <= 0x556) return c + 48;
  if (paired_even(c)) return c | 1;
  if (paired_odd(c)) return c % 2 ? c + 1 : c;
  return c;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return lower(c) >= 'a' && lower(c) <= 'z';
  if (is_blank(c) || !is_printable(c)) return false;
  return c == 0xAA || c == 0xB5 || c == 0xBA || (c >= 0xC0 && c != 0xD7 && c != 0xF7 && c < 0x2000) || (c >= 0x2C00 && c < 0x2E00) ||
         (c >= 0x3041 && c < 0xE000) || (c >= 0xF900 && c < 0xFB50) || (c >= 0xFF21 && c < 0xFFE0 && lower(c) != c) || (c >= 0x20000 && c < 0x32000);
}

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

bool is_printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD) return false;
  const bool space = c != ' ' && is_blank(c);
  const bool format = (c >= 0x600 && c <= 0x605) || c == 0x61C || c == 0x6DD || c == 0x70F || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
                      (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB);
  return !space && !format && !(c >= 0xE000 && c <= 0xF8FF) && c < 0xE0000 && (c & 0xFFFE) != 0xFFFE;
}

std::vector<std::string_view> lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    size_t end = i + c.size;
    const bool breaks = (c.code >= 10 && c.code <= 13) || (c.code >= 0x1C && c.code <= 0x1E) || c.code == 0x85 || c.code == 0x2028 || c.code == 0x2029;
    if (c.code == '\r' && end < text.size() && text[end] == '\n') ++end;
    if (breaks) {
      out.push_back(text.substr(begin, (keep_ends ? end : i) - begin));
      begin = end;
    }
    i = end;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

std::string upper(std::string_view text) {
  return map(text, [](std::string& out, char32_t c) { c == 0xDF ? void(out += "SS") : append(out, upper(c)); });
}
std::string lower(std::string_view text) {
  return map(text, [](std::string& out, char32_t c) { append(out, lower(c)); });
}

std::string capitalized(std::string_view text) {
  bool first = true;
  return map(text, [&](std::string& out, char32_t c) {
    if (first && c == 0xDF) out += "Ss";
    else append(out, first ? upper(c) : lower(c));
    first = false;
  });
}

std::string titled(std::string_view text) {
  bool inside = false;
  return map(text, [&](std::string& out, char32_t c) {
    if (!inside && c == 0xDF) out += "Ss";
    else append(out, inside ? lower(c) : upper(c));
    inside = c == 0xDF || upper(c) != c || lower(c) != c;  // only cased letters hold a word together
  });
}

std::string quoted(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  return quote + map(text, [&](std::string& out, char32_t c) {
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (c == '\\' || c == static_cast<char32_t>(quote)) (out += '\\') += static_cast<char>(c);
    else if (is_printable(c)) append(out, c);
    else if (c < 0x100) out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    else if (c < 0x10000) out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    else out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }) + quote;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&#34;";
    else if (c == '\'') out += "&#39;";
    else out += c;
  }
  return out;
}

std::string centered(std::string_view text, int64_t width, std::string_view fill) {
  const int64_t missing = std::max<int64_t>(0, width - static_cast<int64_t>(length(text))), left = missing / 2 + (missing & width & 1);
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to, int64_t count) {
  std::string out;
  size_t at = 0;
  for (; count != 0; --count) {
    // an empty text is found before every character and at the end
    const size_t step = from.empty() ? utf8::at(text, at).size : from.size();
    const size_t found = from.empty() ? at : text.find(from, at);
    if (found == text.npos || found > text.size()) break;
    out.append(text, at, found - at) += to;
    if (from.empty()) out.append(text, at, step);
    at = found + step;
    if (from.empty() && step == 0) return out;
  }
  return at < text.size() ? out.append(text, at) : out;
}

}  // namespace sextant::engine::jinja
