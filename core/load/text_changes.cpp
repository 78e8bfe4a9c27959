#include "text_changes.hpp"
#include <unordered_map>
#include <vector>
#include "../stats/stream.hpp"

namespace sextant::load {
namespace {

constexpr uint64_t one_in = 8;      // words, or characters
constexpr size_t word_letters = 4;  // shorter words have no inside that could be changed and still be read

constexpr const char homophone_table[] =
#include "homophones.inc"
    ;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Which of `count` places are changed: each with the chance 1 in 8, and one at least.
std::vector<bool> chosen(size_t count, stats::Stream& stream) {
  std::vector<bool> out(count);
  bool any = false;
  for (size_t i = 0; i < count; ++i) any |= out[i] = stream.below(one_in) == 0;
  if (!any && count > 0) out[stream.below(count)] = true;
  return out;
}

// The bytes of the character that begins there; of what is not UTF-8, one.
size_t character_bytes(std::string_view text, size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  const size_t bytes = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size() - at);
}

// Characters by those that sound like them, all of a sound in one text.
const std::unordered_map<std::string_view, std::string_view>& sounds() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::string_view> out;
    const std::string_view all(homophone_table);
    for (size_t begin = 0; begin < all.size();) {
      const size_t end = std::min(all.find(' ', begin), all.size());
      const std::string_view sound = all.substr(begin, end - begin);
      for (size_t i = 0; i < sound.size(); i += character_bytes(sound, i))
        out.emplace(sound.substr(i, character_bytes(sound, i)), sound);
      begin = end + 1;
    }
    return out;
  }();
  return table;
}

}  // namespace

std::string with_typos(std::string_view text, uint64_t key) {
  struct Word {
    size_t begin, end;
  };
  std::vector<Word> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (end - at >= word_letters) words.push_back({at, end});
    at = std::max(end, at + 1);
  }
  stats::Stream stream(key);
  const std::vector<bool> change = chosen(words.size(), stream);
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!change[i]) continue;
    // an inner letter that has a further one behind it
    const size_t at = words[i].begin + 1 + stream.below(words[i].end - words[i].begin - 3);
    const uint64_t how = text[at] == text[at + 1] ? 1 : stream.below(3);  // to exchange equal letters would change nothing
    out += text.substr(done, at - done);
    if (how == 0) out += {text[at + 1], text[at]};
    if (how == 1) out += text[at + 1];
    if (how == 2) out += {text[at], text[at], text[at + 1]};
    done = at + 2;
  }
  return out += text.substr(done);
}

std::string with_case(std::string_view text, uint32_t number) {
  std::string out(text);
  for (char& c : out)
    if (is_letter(c)) c = static_cast<char>(number == 1 ? c | 0x20 : c & ~0x20);
  return out;
}

std::string in_full_width(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c <= ' ' || c > '~') {
      out += c;
      continue;
    }
    const unsigned code = 0xFF01 + (static_cast<unsigned>(c) - '!');  // three bytes of UTF-8
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
  return out;
}

std::string with_homophones(std::string_view text, uint64_t key) {
  std::vector<size_t> places;
  for (size_t at = 0; at < text.size(); at += character_bytes(text, at))
    if (sounds().contains(text.substr(at, character_bytes(text, at)))) places.push_back(at);
  stats::Stream stream(key);
  const std::vector<bool> change = chosen(places.size(), stream);
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!change[i]) continue;
    const size_t at = places[i], bytes = character_bytes(text, at);
    const std::string_view own = text.substr(at, bytes), sound = sounds().at(own);
    std::vector<std::string_view> others;
    for (size_t k = 0; k < sound.size(); k += character_bytes(sound, k))
      if (const auto one = sound.substr(k, character_bytes(sound, k)); one != own) others.push_back(one);
    out += text.substr(done, at - done);
    out += others[stream.below(others.size())];
    done = at + bytes;
  }
  return out += text.substr(done);
}

}  // namespace sextant::load
