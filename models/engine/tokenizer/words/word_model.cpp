#include "word_model.hpp"
#include <charconv>

namespace sextant::engine {

std::string byte_token(uint8_t byte) {
  constexpr char digits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
}

int byte_of_token(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
  unsigned byte = 0;
  const auto [end, failed] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return failed == std::errc() && end == token.data() + 5 ? static_cast<int>(byte) : -1;
}

}  // namespace sextant::engine
