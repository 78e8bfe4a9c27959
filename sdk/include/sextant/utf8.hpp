// UTF-8 (RFC 3629), as far as loaders and post-processors need it. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sextant::utf8 {

struct Character {
  char32_t code = 0;   // the code point; U+FFFD where the bytes are not UTF-8
  uint32_t size = 0;   // bytes; 0 at the end of the text
  bool valid = false;
};

/// The character that begins at `offset`; a byte that begins none counts as one invalid character of one byte.
inline Character at(std::string_view text, size_t offset) {
  if (offset >= text.size()) return {};
  const auto byte = [&](size_t k) { return offset + k < text.size() ? static_cast<unsigned char>(text[offset + k]) : 0u; };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const uint32_t size = first >= 0xC2 && first < 0xE0   ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  if (size == 0) return {0xFFFD, 1, false};
  char32_t code = first & (0x7Fu >> size);
  for (uint32_t k = 1; k < size; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return {0xFFFD, 1, false};
    code = code << 6 | (byte(k) & 0x3F);
  }
  const char32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;  // overlong forms are not UTF-8
  if (code < least || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return {0xFFFD, 1, false};
  return {code, size, true};
}

/// The offset of the first byte that is not UTF-8, or the text's size.
inline size_t valid_prefix(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    const Character character = at(text, offset);
    if (!character.valid) break;
    offset += character.size;
  }
  return offset;
}

/// Full-width forms (U+FF01..U+FF5E, as Chinese input methods write them) as the ASCII characters that they stand for.
inline std::string half_width(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Character character = at(text, i);
    if (character.code >= 0xFF01 && character.code <= 0xFF5E) out += static_cast<char>(character.code - 0xFF01 + '!');
    else out.append(text.substr(i, character.size));
    i += character.size;
  }
  return out;
}

}  // namespace sextant::utf8
