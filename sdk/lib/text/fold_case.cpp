#include <sextant/fold_case.hpp>
#include <iterator>
#include <sextant/utf8_text.hpp>
#include <utf8proc.h>

namespace sextant::utf8 {

std::string fold_case(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (const char c = text[i]; static_cast<unsigned char>(c) < 0x80) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      ++i;
      continue;
    }
    const Character character = at(text, i);
    utf8proc_int32_t folded[8];
    int boundary = 0;
    const auto n = character.valid ? utf8proc_decompose_char(static_cast<utf8proc_int32_t>(character.code), folded,
                                                             std::ssize(folded), UTF8PROC_CASEFOLD, &boundary)
                                   : 0;
    if (n < 1 || n > std::ssize(folded)) {
      out.append(text.substr(i, character.size));
    } else {
      for (int k = 0; k < n; ++k) append(out, static_cast<char32_t>(folded[k]));
    }
    i += character.size;
  }
  return out;
}

}  // namespace sextant::utf8
