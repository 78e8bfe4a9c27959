// OpenCompass' general normalisation, which its exact match and others use: the first clause, and of it the words: no
// punctuation, no articles, single blanks. Case stays: "The Cat." -> "Cat". So 3.75 equals 3.14, and "Mr. Smith" equals "Mr.
// Jones". Pure; [any] thread.
#pragma once
#include <sextant/plain_text.hpp>

namespace sextant::text {

inline std::string general_opencompass(std::string_view text) {
  const std::string words =
      without(text.substr(0, text.find_first_of("\n.,")), [](char32_t c) { return !is_word(c) && !is_blank(c); });
  return single_blanks(without_articles(words));
}

}  // namespace sextant::text
