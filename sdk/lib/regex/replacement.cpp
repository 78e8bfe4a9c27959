// Templates of replacements, after the expansion rules of Python's re (3.11), and $1 and ${name}.
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
#include "code.hpp"

namespace sextant {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The character that "\c" stands for in a template, or 0.
char control(char c) {
  switch (c) {
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    default: return 0;
  }
}

}  // namespace

Result<Replacement> Replacement::parse(std::string_view text, const Regex& regex, bool python) {
  Replacement out;
  std::string literal;
  const auto broken = [&](std::string_view why) {
    return Error{Error::Kind::config,
                 fmt::format("the replacement {} cannot be used: {}", json::quote(text.substr(0, 200)), why)};
  };
  const auto add_group = [&](std::string_view name) -> Result<void> {
    std::optional<uint32_t> group;
    if (!name.empty() && name.size() <= 5 && name.find_first_not_of("0123456789") == name.npos)
      group = static_cast<uint32_t>(std::stoul(std::string(name)));
    else if (!name.empty() && !is_digit(name[0]))
      group = regex.group_of(name);
    if (!group || *group > regex.group_count())
      return broken(
          fmt::format("the pattern {} has no group {}", json::quote(regex.pattern().substr(0, 200)), json::quote(name)));
    if (!literal.empty()) out.parts_.emplace_back(std::exchange(literal, {}));
    out.parts_.emplace_back(*group);
    return {};
  };
  for (size_t i = 0; i < text.size();) {
    const char c = text[i++];
    const char next = i < text.size() ? text[i] : '\0';
    if (c == '$' && !python && (is_digit(next) || next == '$' || next == '{')) {
      if (next == '$') {
        literal += '$';
        ++i;
      } else if (next == '{') {
        const size_t close = text.find('}', i);
        if (close == text.npos) return broken("a \"${\" is not closed");
        SXT_CHECK(add_group(text.substr(i + 1, close - i - 1)));
        i = close + 1;
      } else {
        const size_t size = i + 1 < text.size() && is_digit(text[i + 1]) ? 2 : 1;
        SXT_CHECK(add_group(text.substr(i, size)));
        i += size;
      }
    } else if (c != '\\') {
      literal += c;
    } else if (i == text.size()) {
      return broken("it ends with a backslash");
    } else if (next == 'g') {
      const size_t close = text.find('>', i);
      if (i + 1 >= text.size() || text[i + 1] != '<' || close == text.npos)
        return broken("\"\\g\" needs a group's name in \"<...>\"");
      SXT_CHECK(add_group(text.substr(i + 2, close - i - 2)));
      i = close + 1;
    } else if (is_digit(next)) {
      // \0, and three octal digits, are a character; else one or two digits a group
      const bool octal = i + 2 < text.size() && is_octal(next) && is_octal(text[i + 1]) && is_octal(text[i + 2]);
      if (next == '0' || octal) {
        unsigned code = 0;
        size_t digits = 0;
        while (digits < 3 && i < text.size() && is_octal(text[i])) {
          code = code * 8 + static_cast<unsigned>(text[i++] - '0');
          ++digits;
        }
        if (code > 0377) return broken("an octal escape is greater than \\377");
        utf8::append(literal, code);
      } else {
        const size_t size = i + 1 < text.size() && is_digit(text[i + 1]) ? 2 : 1;
        SXT_CHECK(add_group(text.substr(i, size)));
        i += size;
      }
    } else if (const char sign = control(next)) {
      literal += sign;
      ++i;
    } else if (is_letter(next)) {
      return broken(fmt::format("\"\\{}\" is not an escape", next));
    } else if (next == '$' && !python) {
      literal += '$';
      ++i;
    } else {
      literal += '\\';  // as it stands
    }
  }
  if (!literal.empty()) out.parts_.emplace_back(std::move(literal));
  return out;
}

}  // namespace sextant
