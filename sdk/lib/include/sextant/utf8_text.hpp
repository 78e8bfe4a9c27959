// UTF-8 (RFC 3629) beyond reading it: checking, writing, counting, cutting, repairing. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/utf8.hpp>

namespace sextant::utf8 {

bool is_valid(std::string_view text);

/// Whether the byte continues a character that an earlier one begins.
inline bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// In characters, where the text is valid.
inline size_t length(std::string_view text) {
  size_t n = 0;
  for (const char byte : text) n += !continues(byte);
  return n;
}

/// The greatest offset up to `bytes` at which a character begins or the text ends.
inline size_t boundary(std::string_view text, size_t bytes) {
  if (bytes >= text.size()) return text.size();
  while (bytes > 0 && continues(text[bytes])) --bytes;
  return bytes;
}

inline void append(std::string& out, char32_t code) {
  const auto byte = [&](char32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

/// The size of the broken part at `offset`, where no whole character begins: the longest prefix of one, or a byte that begins
/// none (Unicode 15, section 3.9, "maximal subpart"). `open` says that the text ends where the character could still go on.
struct Broken {
  size_t size = 1;
  bool open = false;
};
Broken broken_part(std::string_view text, size_t offset);

/// The same text with U+FFFD for each broken part, as Python's decode("utf-8", "replace"). `origin`, unless null, becomes
/// [result size + 1]: the offset in `bytes` of each offset in the result; inside a U+FFFD the beginning of the broken part.
std::string repair(std::string_view bytes, std::vector<size_t>* origin = nullptr);

}  // namespace sextant::utf8
