#include "letters.hpp"
#include <algorithm>
#include <iterator>
#include <sextant/utf8_text.hpp>
#include <utf8proc.h>
#include "text.hpp"

namespace sextant::jinja {
namespace {

int category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

struct Several {
  utf8proc_int32_t codes[8];
  size_t size;
};

// Full case folding; what upper case has of more than one character is the upper case of it.
Several fold(char32_t c) {
  Several folded;
  int boundary = 0;
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), folded.codes, std::ssize(folded.codes),
                                            UTF8PROC_CASEFOLD, &boundary);
  folded.size = size > 0 && size <= std::ssize(folded.codes) ? static_cast<size_t>(size) : 0;
  return folded;
}

}  // namespace

char32_t upper(char32_t c) { return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))); }
char32_t lower(char32_t c) { return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))); }

void append_upper(std::string& out, char32_t c) {
  const Several folded = c < 0x80 || is_upper(c) ? Several{{}, 1} : fold(c);
  if (folded.size < 2) return utf8::append(out, upper(c));
  for (size_t i = 0; i < folded.size; ++i) utf8::append(out, upper(static_cast<char32_t>(folded.codes[i])));
}

void append_lower(std::string& out, char32_t c) {
  utf8::append(out, lower(c));
  if (c == 0x130) utf8::append(out, 0x307);  // an I with a dot, whose dot would be lost
}

void append_title(std::string& out, char32_t c) {
  const auto title = static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)));
  // utf8proc knows a capital sharp s, and nobody writes it
  const Several folded = c < 0x80 || is_upper(c) || is_title(c) || (title != c && c != 0xDF) ? Several{{}, 1} : fold(c);
  if (folded.size < 2) return utf8::append(out, title);
  bool first = true;
  for (size_t i = 0; i < folded.size; ++i) {
    const auto code = static_cast<char32_t>(folded.codes[i]);
    utf8::append(out, first ? upper(code) : code);
    first = first && !is_cased(code);
  }
}

void append_folded(std::string& out, char32_t c) {
  const Several folded = fold(c);
  if (folded.size == 0) return utf8::append(out, c);
  for (size_t i = 0; i < folded.size; ++i) utf8::append(out, static_cast<char32_t>(folded.codes[i]));
}

bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || is_title(c); }
bool is_upper(char32_t c) {
  const int k = category(c);
  return k == UTF8PROC_CATEGORY_LU || (k != UTF8PROC_CATEGORY_LT && lower(c) != c);
}
bool is_lower(char32_t c) {
  const int k = category(c);
  return k == UTF8PROC_CATEGORY_LL || (k != UTF8PROC_CATEGORY_LT && upper(c) != c);
}
bool is_title(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }
bool is_letter(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_LO; }
bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }
bool is_numeric(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_ND && category(c) <= UTF8PROC_CATEGORY_NO; }

bool is_digit(char32_t c) {
  // Numeric_Type=Digit of UnicodeData.txt
  static constexpr char32_t ranges[][2] = {{0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
                                           {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
                                           {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
                                           {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
                                           {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};
  return is_decimal(c) ||
         std::any_of(std::begin(ranges), std::end(ranges), [c](const auto& range) { return c >= range[0] && c <= range[1]; });
}

bool is_printable(char32_t c) {
  const int k = category(c);
  const bool separates = k >= UTF8PROC_CATEGORY_ZS && k <= UTF8PROC_CATEGORY_ZP;
  const bool other = k == UTF8PROC_CATEGORY_CN || (k >= UTF8PROC_CATEGORY_CC && k <= UTF8PROC_CATEGORY_CO);
  return c == ' ' || (!separates && !other);
}

}  // namespace sextant::jinja
