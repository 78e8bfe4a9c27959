#include <sextant/printable.hpp>
#include <fmt/format.h>
#include <sextant/utf8_text.hpp>

namespace sextant {
namespace {

// What a terminal or a text's reader takes for more than a character; all but those of one byte are beyond ASCII.
bool commands(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||              // C0, DEL, C1 (U+009B begins an escape sequence)
         c == 0x061C || c == 0x200E || c == 0x200F ||        // direction marks
         (c >= 0x2028 && c <= 0x202E) ||                     // line and paragraph separator, embeddings and overrides
         (c >= 0x2066 && c <= 0x2069);                       // isolates
}

// Calls `replace` with each character that commands something, or that is none.
template <class Replace> std::string replaced(std::string_view text, Replace&& replace) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    if (!character.valid) out += "\xEF\xBF\xBD";
    else if (commands(character.code)) out += replace(character.code);
    else out.append(text, i, character.size);
    i += character.valid ? character.size : utf8::broken_part(text, i).size;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text, Lines lines) {
  return replaced(text, [&](char32_t c) {
    if (lines == Lines::many && (c == '\n' || c == '\t')) return std::string(1, static_cast<char>(c));
    switch (c) {
      case '\n': return std::string("\\n");
      case '\r': return std::string("\\r");
      case '\t': return std::string("\\t");
      default:
        return c < 0x80 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c))
                        : fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    }
  });
}

std::string printable_json(std::string_view json) {
  return replaced(json, [](char32_t c) {
    // between the values there are line feeds and tabs; inside a string they are written as escapes already
    if (c == '\n' || c == '\t' || c == '\r') return std::string(1, static_cast<char>(c));
    return fmt::format("\\u{:04X}", static_cast<unsigned>(c));
  });
}

}  // namespace sextant
