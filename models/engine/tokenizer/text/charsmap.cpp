#include "charsmap.hpp"
#include <cstring>
#include <sextant/utf8_text.hpp>
#include "unicode.hpp"

namespace sextant::engine {
namespace {

// A unit of darts-clone: a byte's label with the way to its children, or (the highest bit) a value.
constexpr bool has_leaf(uint32_t unit) { return unit >> 8 & 1; }
constexpr uint32_t value(uint32_t unit) { return unit & 0x7FFFFFFF; }
constexpr uint32_t label(uint32_t unit) { return unit & 0x800000FF; }
constexpr uint32_t offset(uint32_t unit) { return unit >> 10 << ((unit & 1u << 9) >> 6); }

constexpr size_t whole_cluster_below = 6;  // bytes

}  // namespace

Result<Charsmap> Charsmap::read(std::string_view bytes) {
  const auto wrong = [](const char* what) {
    return Error{Error::Kind::data, std::string("the precompiled rules are damaged: ") + what};
  };
  uint32_t size = 0;
  if (bytes.size() < sizeof size) return wrong("they are too short");
  std::memcpy(&size, bytes.data(), sizeof size);
  bytes.remove_prefix(sizeof size);
  if (size > bytes.size() || size < 1024 || size % 1024 != 0) return wrong("the trie's size is not a whole number of blocks");
  Charsmap map;
  map.units_.resize(size / 4);
  std::memcpy(map.units_.data(), bytes.data(), size);
  map.replacements_ = bytes.substr(size);
  if (map.replacements_.empty() || map.replacements_.back() != '\0' ||
      utf8::valid_prefix(map.replacements_) != map.replacements_.size())
    return wrong("the replacements are not NUL-ended UTF-8");
  for (size_t i = 0; i < map.units_.size(); ++i) {
    const uint32_t unit = map.units_[i];
    if (label(unit) > 0xFF) continue;
    const size_t node = i ^ offset(unit);
    if ((node | 0xFF) >= map.units_.size()) return wrong("the trie leads outside of itself");
    if (!has_leaf(unit)) continue;
    const uint32_t at = value(map.units_[node]);
    if (at >= map.replacements_.size() || utf8::continues(map.replacements_[at]))
      return wrong("a rule has no replacement");
  }
  return map;
}

const char* Charsmap::shortest(std::string_view part) const {
  size_t node = offset(units_[0]);
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return nullptr;
    node ^= byte;
    const uint32_t unit = units_[node];
    if (label(unit) != byte) return nullptr;
    node ^= offset(unit);
    if (has_leaf(unit)) return replacements_.c_str() + value(units_[node]);
  }
  return nullptr;
}

void Charsmap::apply_to_graphemes(AlignedText& text) const {
  const std::string_view bytes = text.bytes;
  Rewriter out(text);
  bool changed = false;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = unicode::grapheme_end(bytes, begin);
    const char* whole = end - begin < whole_cluster_below ? shortest(bytes.substr(begin, end - begin)) : nullptr;
    if (whole) {
      out.put(whole, begin);
      changed = true;
      begin = end;
    }
    while (begin < end) {
      const size_t size = utf8::at(bytes, begin).size;
      if (const char* replacement = shortest(bytes.substr(begin, size))) {
        out.put(replacement, begin);
        changed = true;
      } else {
        out.keep(begin, begin + size);
      }
      begin += size;
    }
  }
  if (changed) text = out.finish();
}

}  // namespace sextant::engine
