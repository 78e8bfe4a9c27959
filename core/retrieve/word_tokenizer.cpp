// The rules are rewrites of the whole text, one after the other, and their order matters: each puts blanks around what
// becomes a word of its own, and later ones see those blanks. At the end the text is cut at white space.
#include "word_tokenizer.hpp"
#include <initializer_list>
#include <sextant/utf8.hpp>
#include <utf8proc.h>

namespace sextant::retrieve {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

// ---- characters, as Python's re sees them

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_digit(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND; }
bool is_word(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return c == '_' || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}
/// \w of the package regex, which NLTK from 3.10 on uses for this one rule; older versions use is_word there, too.
bool is_word_of_regex(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_PC || (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL);
}
bool is_one_of(char32_t c, View set) { return set.find(c) != set.npos; }
/// Letters in either case; long s and the i without or with a dot are what Python counts as cases of s and i.
char32_t folded(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A' + 'a';
  return c == 0x17F ? U's' : c == 0x130 || c == 0x131 ? U'i' : c;
}
bool has_word_at(const Text& text, size_t at) { return at < text.size() && is_word(text[at]); }
bool has_folded_at(const Text& text, size_t at, View word) {
  if (at + word.size() > text.size()) return false;
  for (size_t i = 0; i < word.size(); ++i)
    if (folded(text[at + i]) != word[i]) return false;
  return true;
}

// ---- rewrites

/// `replace(out, at)` appends what stands for the text from `at` on and returns how many characters it has read; 0: none, so
/// the character is kept.
template <class Replace> void rewrite(Text& text, Replace replace) {
  Text out;
  out.reserve(text.size() + text.size() / 4 + 16);
  for (size_t at = 0; at < text.size();) {
    if (const size_t read = replace(out, at)) at += read;
    else out += text[at++];
  }
  text = std::move(out);
}
void put_apart(Text& out, View word) { out.append(U" ").append(word).append(U" "); }

void set_apart(Text& text, View characters) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (!is_one_of(text[at], characters)) return 0;
    put_apart(out, View(text).substr(at, 1));
    return 1;
  });
}
void set_runs_apart(Text& text, char32_t character, size_t least) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    size_t length = 0;
    while (at + length < text.size() && text[at + length] == character) ++length;
    if (length < least) return 0;
    put_apart(out, View(text).substr(at, length));
    return length;
  });
}
void set_apart_as(Text& text, View from, View to) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (text.compare(at, from.size(), from) != 0) return 0;
    put_apart(out, to);
    return from.size();
  });
}

/// A double quote behind a blank or an opening bracket is an opening one.
void opening_quotes(Text& text) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (!is_one_of(text[at], U" ([{<") || at + 1 == text.size()) return 0;
    const size_t length = text[at + 1] == '"' ? 1 : text.compare(at + 1, 2, U"''") == 0 ? 2 : 0;
    if (length == 0) return 0;
    out += text[at];
    put_apart(out, U"``");
    return 1 + length;
  });
}
/// 'word -> ' word, but for the endings that begin with an apostrophe.
void opening_apostrophes(Text& text) {
  constexpr View endings[] = {U"re", U"ve", U"ll", U"m", U"t", U"s", U"d", U"n"};
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    const auto word_at = [&](size_t i) { return i < text.size() && is_word_of_regex(text[i]); };
    if (text[at] != '\'' || (at > 0 && word_at(at - 1)) || !word_at(at + 1)) return 0;
    for (const View ending : endings)
      if (has_folded_at(text, at + 1, ending) && !word_at(at + 1 + ending.size())) return 0;
    out += U"' ";
    return 1;
  });
}
/// The text's last period, where only `closing` characters and then white space follow.
void final_period(Text& text, View closing, bool apart) {
  const size_t period = text.rfind(U'.');
  if (period == text.npos || period == 0 || text[period - 1] == '.') return;
  size_t end = period + 1;
  while (end < text.size() && is_one_of(text[end], closing)) ++end;
  for (size_t at = end; at < text.size(); ++at)
    if (!is_space(text[at])) return;
  text = text.substr(0, period) + U" ." + (apart ? U" " : U"") + text.substr(period + 1, end - period - 1) + U" ";
}
/// Colons and commas, unless a digit follows. The character behind is read too: it is not looked at again.
void colons_and_commas(Text& text) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (!is_one_of(text[at], U":,") || at + 1 == text.size() || is_digit(text[at + 1])) return 0;
    put_apart(out, View(text).substr(at, 1));
    out += text[at + 1];
    return 2;
  });
  const size_t last = text.size() - (text.ends_with(U'\n') ? 2 : 1);
  if (last < text.size() && is_one_of(text[last], U":,"))
    text = text.substr(0, last) + U' ' + text[last] + U' ' + text.substr(last + 1);
}
/// word' -> word ' where a blank follows
void closing_apostrophes(Text& text) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (text[at] == '\'' || text.compare(at + 1, 2, U"' ") != 0) return 0;
    out += text[at];
    put_apart(out, U"'");
    return 3;
  });
}
void squeeze_spaces(Text& text) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    size_t length = 0;
    while (at + length < text.size() && is_space(text[at + length])) ++length;
    if (length > 0) out += ' ';
    return length;
  });
}
/// word's -> word 's: the first of `endings` that stands behind a character and before a blank.
void split_endings(Text& text, std::initializer_list<View> endings) {
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    if (is_one_of(text[at], U"' ")) return 0;
    for (const View ending : endings) {
      const size_t end = at + 1 + ending.size();
      if (end >= text.size() || text[end] != ' ' || text.compare(at + 1, ending.size(), ending) != 0) continue;
      out += text[at];
      put_apart(out, ending);
      return ending.size() + 2;
    }
    return 0;
  });
}

struct Contraction {
  View first, second;
  enum class Around { words, space_before, space_behind } around = Around::words;
};
constexpr Contraction contractions[] = {
    {U"can", U"not"}, {U"d", U"'ye"}, {U"gim", U"me"}, {U"gon", U"na"}, {U"got", U"ta"}, {U"lem", U"me"}, {U"more", U"'n"},
    {U"wan", U"na", Contraction::Around::space_behind},
    {U"'t", U"is", Contraction::Around::space_before}, {U"'t", U"was", Contraction::Around::space_before},
};
void split_contraction(Text& text, const Contraction& contraction) {
  using Around = Contraction::Around;
  const size_t length = contraction.first.size() + contraction.second.size();
  rewrite(text, [&](Text& out, size_t at) -> size_t {
    const size_t skipped = contraction.around == Around::space_before ? 1 : 0;
    if (skipped ? text[at] != ' ' : at > 0 && is_word(text[at - 1])) return 0;
    const size_t begin = at + skipped, end = begin + length;
    if (!has_folded_at(text, begin, contraction.first) ||
        !has_folded_at(text, begin + contraction.first.size(), contraction.second))
      return 0;
    if (contraction.around == Around::space_behind ? end >= text.size() || !is_space(text[end]) : has_word_at(text, end))
      return 0;
    put_apart(out, View(text).substr(begin, contraction.first.size()));
    out.append(text, begin + contraction.first.size(), contraction.second.size()).append(U" ");
    return skipped + length;
  });
}

// ---- UTF-8

Text decoded(std::string_view text) {
  Text out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const utf8::Character character = utf8::at(text, at);
    out += character.code;
    at += character.size;
  }
  return out;
}
std::string encoded(View text) {
  std::string out;
  for (const char32_t c : text) {
    utf8proc_uint8_t bytes[4];
    const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
  }
  return out;
}

}  // namespace

std::vector<std::string> words_of(std::string_view utf8) {
  Text text = decoded(utf8);

  set_apart(text, U"«“‘„");
  set_runs_apart(text, '`', 1);
  if (text.starts_with(U'"')) text.replace(0, 1, U"``");
  set_apart_as(text, U"``", U"``");
  opening_quotes(text);
  opening_apostrophes(text);

  final_period(text, U"])}>\"'»”’ ", true);
  colons_and_commas(text);
  set_runs_apart(text, '.', 2);
  set_apart(text, U";@#$%&\u2012\u2013\u2014\u2015");
  final_period(text, U"])}>\"'", false);
  set_apart(text, U"?!");
  closing_apostrophes(text);
  set_apart(text, U"*[](){}<>");
  set_apart_as(text, U"--", U"--");

  text = U" " + text + U" ";
  set_apart(text, U"»”’");
  set_apart_as(text, U"''", U"''");
  set_apart_as(text, U"\"", U"''");
  squeeze_spaces(text);
  split_endings(text, {U"'s", U"'S", U"'m", U"'M", U"'d", U"'D", U"'"});
  split_endings(text, {U"'ll", U"'LL", U"'re", U"'RE", U"'ve", U"'VE", U"n't", U"N'T"});
  for (const Contraction& contraction : contractions) split_contraction(text, contraction);

  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end > at) words.push_back(encoded(View(text).substr(at, end - at)));
    at = end + 1;
  }
  return words;
}

}  // namespace sextant::retrieve
