// Text as post-processors and metrics take it apart: blanks, words, lines, case, punctuation. What a blank, a letter or a digit
// is, is Unicode's word, as in Python's str and re. Linear in the text. Bytes that are not UTF-8 count as letters of nothing.
// Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/utf8_text.hpp>

namespace sextant::text {

bool is_blank(char32_t c);        // str.isspace(), \s
bool is_word(char32_t c);         // \w: letters, digits and numbers of any kind, _
bool is_digit(char32_t c);        // \d: decimal digits of any script
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_punctuation(char32_t c);  // Unicode's categories P*
bool is_symbol(char32_t c);       // Unicode's categories S*
bool is_ascii_punctuation(char32_t c);  // the 32 of Python's string.punctuation
/// Written without blanks between its words: Han, kana, and their punctuation.
bool is_chinese(char32_t c);

bool all_digits(std::string_view text);                                  // str.isdigit()
std::string_view strip(std::string_view text);                           // blanks at both ends
std::string_view strip(std::string_view text, std::string_view of);     // characters of `of` at both ends
std::string lower(std::string_view text);  // str.lower(); a sigma at a word's end is like any other
std::string upper(std::string_view text);
std::u32string code_points(std::string_view text);                      // U+FFFD where the bytes are not UTF-8
std::string to_utf8(std::u32string_view text);

std::vector<std::string_view> words(std::string_view text);              // str.split(): between blanks
std::vector<std::string_view> split(std::string_view text, std::string_view separator);  // str.split(separator)
std::vector<std::string_view> lines(std::string_view text);              // str.splitlines()
/// What stands before the first `separator`, behind the last, or the whole text where there is none.
std::string_view before(std::string_view text, std::string_view separator);
std::string_view behind_last(std::string_view text, std::string_view separator);
std::string replaced(std::string_view text, std::string_view from, std::string_view to);
std::string joined(const std::vector<std::string_view>& parts, std::string_view separator = " ");

/// Each character that `keep` refuses is left out: without(text, is_ascii_punctuation).
template <class Drop> std::string without(std::string_view text, const Drop& drop) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const utf8::Character c = utf8::at(text, i);
    if (!c.valid || !drop(c.code)) out.append(text, i, c.size);
    i += c.size;
  }
  return out;
}

/// Whole words a, an and the, in any case of ASCII, become `by`.
std::string without_articles(std::string_view text, std::string_view by = "");
std::string single_blanks(std::string_view text);                        // runs of blanks become one, none at the ends

}  // namespace sextant::text
