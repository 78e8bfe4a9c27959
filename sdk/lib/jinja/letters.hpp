// What Python's str says of a character, out of utf8proc (Unicode 15 in 2.8). Pure; [any].
#pragma once
#include <string>

namespace sextant::jinja {

char32_t upper(char32_t c);  // the one character that it becomes; one that becomes several stays
char32_t lower(char32_t c);
/// In full: a sharp s becomes SS.
void append_upper(std::string& out, char32_t c);
void append_lower(std::string& out, char32_t c);
void append_title(std::string& out, char32_t c);
void append_folded(std::string& out, char32_t c);

bool is_cased(char32_t c);  // one of the next three
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);   // a letter of two, the first of them upper case
bool is_letter(char32_t c);  // str.isalpha()
bool is_decimal(char32_t c);
bool is_digit(char32_t c);    // and superscripts, and digits in circles
bool is_numeric(char32_t c);  // and fractions and Roman numerals, not the numerals among the CJK letters
bool is_printable(char32_t c);

}  // namespace sextant::jinja
