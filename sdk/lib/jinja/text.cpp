#include "text.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>

namespace sextant::jinja {
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

}  // namespace

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
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
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
    while (at > 0 && utf8::continues(text[at])) --at;
    if (!stripped(at, text.size() - at)) break;
    text.remove_suffix(text.size() - at);
  }
  return text;
}

std::vector<std::string_view> lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    size_t end = i + c.size;
    const bool breaks = (c.code >= 10 && c.code <= 13) || (c.code >= 0x1C && c.code <= 0x1E) || c.code == 0x85 ||
                        c.code == 0x2028 || c.code == 0x2029;
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

std::string upper(std::string_view text) { return map(text, append_upper); }
std::string lower(std::string_view text) { return map(text, append_lower); }

std::string capitalized(std::string_view text) {
  bool first = true;
  return map(text, [&](std::string& out, char32_t c) {
    first ? append_title(out, c) : append_lower(out, c);
    first = false;
  });
}

std::string titled(std::string_view text) {
  bool inside = false;
  return map(text, [&](std::string& out, char32_t c) {
    inside ? append_lower(out, c) : append_title(out, c);
    inside = is_cased(c);  // only cased letters hold a word together
  });
}

std::string swapped(std::string_view text) {
  return map(text, [](std::string& out, char32_t c) {
    if (is_title(c)) utf8::append(out, c);
    else lower(c) != c ? append_lower(out, c) : append_upper(out, c);
  });
}

std::string folded(std::string_view text) { return map(text, append_folded); }

namespace {

template <class Is> bool all_cased_are(std::string_view text, const Is& is) {
  bool any = false;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (c.valid && is_cased(c.code)) {
      if (!is(c.code)) return false;
      any = true;
    }
    i += c.size;
  }
  return any;
}

}  // namespace

bool is_upper(std::string_view text) {
  return all_cased_are(text, [](char32_t c) { return is_upper(c); });
}
bool is_lower(std::string_view text) {
  return all_cased_are(text, [](char32_t c) { return is_lower(c); });
}

std::string quoted(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  return quote + map(text, [&](std::string& out, char32_t c) {
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else if (c == '\\' || c == static_cast<char32_t>(quote)) (out += '\\') += static_cast<char>(c);
    else if (is_printable(c)) utf8::append(out, c);
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
  const int64_t missing = std::max<int64_t>(0, width - static_cast<int64_t>(utf8::length(text))),
                left = missing / 2 + (missing & width & 1);
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

}  // namespace sextant::jinja
