#include "utf8_repair.hpp"
#include <numeric>
#include <sextant/utf8.hpp>
#include "../tokenizer.hpp"

namespace sextant::engine {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The size of the broken part at `offset`, where no whole character begins: the longest prefix of one, or a byte that begins
// none (Unicode 15, section 3.9, "maximal subpart"). `open` says that the text ends where the character could still go on.
struct Broken {
  size_t size;
  bool open;
};
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
    const unsigned next = byte(size);
    if (size == 1 ? next < least || next > most : (next & 0xC0) != 0x80) break;
    ++size;
  }
  return {size, false};
}

}  // namespace

std::string repair_utf8(std::string_view bytes, std::vector<size_t>* origin) {
  const size_t valid = utf8::valid_prefix(bytes);
  std::string out(bytes.substr(0, valid));
  if (origin) {
    origin->resize(valid);
    std::iota(origin->begin(), origin->end(), size_t{0});
  }
  for (size_t i = valid; i < bytes.size();) {
    const utf8::Character character = utf8::at(bytes, i);
    if (character.valid) out.append(bytes, i, character.size);
    else out += replacement;
    if (origin) {
      for (size_t k = 0; origin->size() < out.size(); ++k) origin->push_back(character.valid ? i + k : i);
    }
    i += character.valid ? character.size : broken_part(bytes, i).size;
  }
  if (origin) origin->push_back(bytes.size());
  return out;
}

std::string repair_utf8(std::string_view bytes) { return repair_utf8(bytes, nullptr); }

std::string StreamDecoder::push(int32_t id) {
  if (!skip_special_ || !tokenizer_->is_special(id)) pending_ += tokenizer_->decode_next(id, first_);
  // hold back a character that has begun and may still be completed: at most three bytes
  size_t ready = pending_.size();
  for (size_t back = 1; back <= 3 && back <= pending_.size(); ++back) {
    const size_t start = pending_.size() - back;
    if ((static_cast<unsigned char>(pending_[start]) & 0xC0) == 0x80) continue;  // a continuation byte; look further back
    if (!utf8::at(pending_, start).valid && broken_part(pending_, start).open) ready = start;
    break;
  }
  std::string out = repair_utf8(std::string_view(pending_).substr(0, ready));
  pending_.erase(0, ready);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out = repair_utf8(pending_);
  pending_.clear();
  return out;
}

}  // namespace sextant::engine
