#include <sextant/utf8_text.hpp>
#include <cstring>

namespace sextant::utf8 {
namespace {

// How many bytes at the beginning are ASCII, whole words of eight alone.
size_t ascii_prefix(std::string_view text) {
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  return at;
}

// valid_prefix(), by words where the text begins with ASCII.
size_t valid_prefix_by_words(std::string_view text) {
  const size_t plain = ascii_prefix(text);
  return plain + valid_prefix(text.substr(plain));
}

}  // namespace

bool is_valid(std::string_view text) { return valid_prefix_by_words(text) == text.size(); }

Broken broken_part(std::string_view text, size_t offset) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[offset + k]); };
  const unsigned first = byte(0);
  const size_t whole = first < 0xC2 || first > 0xF4 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // the second byte's range is narrower where overlong forms, surrogates or values beyond U+10FFFF would begin
  const unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  size_t size = 1;
  while (size < whole) {
    if (offset + size == text.size()) return {size, true};
    if (size == 1 ? byte(1) < least || byte(1) > most : !continues(text[offset + size])) break;
    ++size;
  }
  return {size, false};
}

std::string repair(std::string_view bytes, std::vector<size_t>* origin) {
  const size_t valid = valid_prefix_by_words(bytes);
  std::string out(bytes.substr(0, valid));
  if (origin) {
    origin->resize(valid);
    for (size_t i = 0; i < valid; ++i) (*origin)[i] = i;
  }
  for (size_t i = valid; i < bytes.size();) {
    const Character character = at(bytes, i);
    if (character.valid) out.append(bytes, i, character.size);
    else out += "\xEF\xBF\xBD";
    if (origin)
      for (size_t k = 0; origin->size() < out.size(); ++k) origin->push_back(character.valid ? i + k : i);
    i += character.valid ? character.size : broken_part(bytes, i).size;
  }
  if (origin) origin->push_back(bytes.size());
  return out;
}

}  // namespace sextant::utf8
