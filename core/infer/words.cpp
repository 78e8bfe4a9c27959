#include "words.hpp"
#include <sextant/utf8.hpp>

namespace sextant::infer {

bool is_white_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x1F);
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

size_t leading_white_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const utf8::Character character = utf8::at(text, at);
    if (!is_white_space(character.code)) break;
    at += character.size;
  }
  return at;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(leading_white_space(text));
  size_t end = 0;  // behind the last character that is none
  for (size_t at = 0; at < text.size();) {
    const utf8::Character character = utf8::at(text, at);
    at += character.size;
    if (!is_white_space(character.code)) end = at;
  }
  return text.substr(0, end);
}

size_t count_words(std::string_view text) {
  size_t words = 1;
  bool inside = false;  // a stretch of white space
  for (size_t at = 0; at < text.size();) {
    const utf8::Character character = utf8::at(text, at);
    at += character.size;
    const bool white = is_white_space(character.code);
    words += white && !inside;
    inside = white;
  }
  return words;
}

}  // namespace sextant::infer
