#include "byte_alphabet.hpp"
#include <array>
#include <sextant/utf8_text.hpp>
#include "../text/unicode.hpp"

namespace sextant::engine {
namespace {

// Printable Latin-1 bytes stand for themselves, the others for U+0100 and up.
struct Alphabet {
  std::array<std::string, 256> spelled;
  std::array<int16_t, 0x144> byte;
  Alphabet() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      const char32_t code = printable ? b : next++;
      utf8::append(spelled[b], code);
      byte[code] = static_cast<int16_t>(b);
    }
  }
};
const Alphabet& alphabet() {
  static const Alphabet table;
  return table;
}

}  // namespace

std::string_view spell(uint8_t byte) { return alphabet().spelled[byte]; }

std::optional<std::string> unspell(std::string_view token) {
  std::string bytes;
  for (size_t i = 0; i < token.size();) {
    const utf8::Character character = utf8::at(token, i);
    const bool known = character.valid && character.code < alphabet().byte.size() && alphabet().byte[character.code] >= 0;
    if (!known) return std::nullopt;
    bytes += static_cast<char>(alphabet().byte[character.code]);
    i += character.size;
  }
  return bytes;
}

Normalizer::Step byte_alphabet_step() {
  return [](AlignedText& text) {
    Rewriter out(text);
    for (size_t i = 0; i < text.bytes.size(); ++i) out.put(spell(static_cast<uint8_t>(text.bytes[i])), i);
    text = out.finish();
  };
}

}  // namespace sextant::engine
