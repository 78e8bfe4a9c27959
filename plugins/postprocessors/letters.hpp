// Option letters in a model's answer: which letters stand alone, and what of the configuration the extractors share.
// Pure; [any] thread.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <sextant/result.hpp>
#include <sextant/utf8.hpp>
#include "../text/compat.hpp"

namespace sextant::postprocess {

inline bool is_ascii_word(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// No ASCII letter or digit next to it: in "选A。" the A stands alone, in "ABS" and "A4" it does not.
inline bool stands_alone(std::string_view text, size_t begin, size_t end) {
  return (begin == 0 || !is_ascii_word(text[begin - 1])) && (end >= text.size() || !is_ascii_word(text[end]));
}

/// Words behind the name of an option: "A is wrong", "A because ...". Behind an article stands a noun or an adjective.
inline bool follows_a_name(std::string_view word) {
  constexpr std::string_view words =
      " is isn't was wasn't are aren't were and or nor because since as but which that due for with in by if not rather "
      "instead would wouldn't "
      "will won't should shouldn't must can can't cannot could couldn't may might seems does doesn't has hasn't says states "
      "then over so it the "
      "also only looks fits refers describes correctly incorrectly represents shows means implies gives contains makes to at "
      "on both talks "
      "mentions suggests explains lists provides than from after before ";
  return !word.empty() && words.find(' ' + std::string(word) + ' ') != words.npos;
}

/// The lower-case ASCII word at `at`.
inline std::string_view word_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && end - at < 24 && ((text[end] >= 'a' && text[end] <= 'z') || text[end] == '\'')) ++end;
  return end > at ? text.substr(at, end - at) : std::string_view();
}

/// Whether the capital A or I at `at` is an English article or pronoun: "A good answer", "I think", "I'm".
inline bool is_word_of_one_letter(std::string_view text, size_t at) {
  if (text[at] != 'A' && text[at] != 'I') return false;
  const size_t next = at + 1;
  if (next >= text.size()) return false;
  if (text[at] == 'I' && (text[next] == '\'' || text.substr(next).starts_with("’"))) return true;
  if (text[next] != ' ') return false;
  const std::string_view word = word_at(text, next + 1);
  if (word.empty()) return false;
  if (text[at] == 'A') return !follows_a_name(word);
  return word != "is" && word != "isn't" && word != "because" && word != "and" && word != "or";
}

inline size_t find_lone(std::string_view text, std::string_view options, size_t from = 0) {
  for (size_t i = text.find_first_of(options, from); i != text.npos; i = text.find_first_of(options, i + 1))
    if (stands_alone(text, i, i + 1) && !is_word_of_one_letter(text, i)) return i;
  return text.npos;
}
inline size_t rfind_lone(std::string_view text, std::string_view options) {
  for (size_t i = text.find_last_of(options); i != text.npos; i = i == 0 ? text.npos : text.find_last_of(options, i - 1))
    if (stands_alone(text, i, i + 1) && !is_word_of_one_letter(text, i)) return i;
  return text.npos;
}

using text::is_opencompass;

/// A reply on which a pattern gave up holds no answer that could be read: it costs itself, not its set.
inline Result<std::string> or_unparsed(Result<std::string> read) {
  if (!read && read.error().kind == Error::Kind::data) return std::string();
  return read;
}

}  // namespace sextant::postprocess

/// "options", as the extractors of letters take it, for their JSON Schemas.
#define SXT_OPTIONS_SCHEMA                                                           \
  R"("options": {"type": "string", "default": "ABCD", "pattern": "^[A-Z]+$", )" \
  R"("description": "the letters that may be the answer"})"
