#include "added_tokens.hpp"
#include <sextant/utf8_text.hpp>
#include "../text/unicode.hpp"

namespace sextant::engine {
namespace {

// The character that ends before `offset`, which lies on a boundary and is not 0.
utf8::Character character_before(std::string_view text, size_t offset) {
  size_t begin = offset - 1;
  while (begin > 0 && utf8::continues(text[begin])) --begin;
  return utf8::at(text, begin);
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, int32_t>> strings;
  for (size_t i = 0; i < tokens_.size(); ++i)
    if (!tokens_[i].content.empty()) strings.emplace_back(tokens_[i].content, static_cast<int32_t>(i));
  trie_ = Trie(std::move(strings));
}

bool AddedTokenFinder::stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !unicode::is_word_character(character_before(text, begin).code)) &&
         (end == text.size() || !unicode::is_word_character(utf8::at(text, end).code));
}

size_t AddedTokenFinder::blank_before(std::string_view text, size_t begin) {
  while (begin > 0) {
    const utf8::Character character = character_before(text, begin);
    if (!unicode::is_whitespace(character.code)) break;
    begin -= character.size;
  }
  return begin;
}

size_t AddedTokenFinder::blank_after(std::string_view text, size_t end) {
  for (utf8::Character next = utf8::at(text, end); next.size > 0 && unicode::is_whitespace(next.code);
       next = utf8::at(text, end))
    end += next.size;
  return end;
}

}  // namespace sextant::engine
