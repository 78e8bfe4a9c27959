#include <sextant/fold_case.hpp>
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <sextant/utf8_text.hpp>
#include <utf8proc.h>

namespace sextant::utf8 {

std::string fold_case(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
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

std::string composed(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; })) return std::string(text);
  utf8proc_uint8_t* made = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                                 &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  return size < 0 ? std::string(text) : std::string(reinterpret_cast<const char*>(made), static_cast<size_t>(size));
}

}  // namespace sextant::utf8
