#include "unicode.hpp"
#include <cstdlib>
#include <memory>
#include <sextant/utf8_text.hpp>
#include <utf8proc.h>
#include "newer_characters.hpp"

namespace sextant::engine::unicode {
namespace {

int category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }
const utf8proc_property_t& property(char32_t c) { return *utf8proc_get_property(static_cast<utf8proc_int32_t>(c)); }

constexpr uint16_t none = UINT16_MAX;
constexpr uint16_t second_of_pair = 0x8000;  // utf8proc's mark in comb_index

unsigned options(Form form) {
  unsigned how = UTF8PROC_STABLE;
  if (form == Form::nfkc || form == Form::nfkd) how |= UTF8PROC_COMPAT;
  how |= form == Form::nfc || form == Form::nfkc ? unsigned{UTF8PROC_COMPOSE} : unsigned{UTF8PROC_DECOMPOSE};
  return how;
}

// Whether characters before `c` may change with it: it is reordered, or composed with one of them.
bool joins_what_precedes(char32_t c, unsigned how) {
  if (c < 0x300) return false;
  utf8proc_int32_t first[32];
  int boundary = 0;
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), first, 32,
                              static_cast<utf8proc_option_t>((how & UTF8PROC_COMPAT) | UTF8PROC_DECOMPOSE), &boundary);
  const auto head = count > 0 ? static_cast<char32_t>(first[0]) : c;
  if ((head >= 0x1160 && head < 0x1200) || property(head).combining_class != 0) return true;  // vowels and finals of Hangul
  const uint16_t pair = property(head).comb_index;
  return pair != none && pair >= second_of_pair;
}

// Whether `c`, where nothing that joins it follows, stays as it is.
bool inert(char32_t c, Form form) {
  if (c < 0x80) return true;
  if (c < 0xC0 && (form == Form::nfc || form == Form::nfd)) return true;
  const bool hangul = c >= 0xAC00 && c < 0xD7A4;
  if (hangul) return form == Form::nfc || form == Form::nfkc;
  return property(c).decomp_seqindex == none;
}

}  // namespace

bool is_whitespace(char32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_numeric(char32_t c) {
  const int k = category(c);
  return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}
bool is_punctuation(char32_t c) {
  const int k = category(c);
  if (c == 0x166D || c == 0x111C9) return true;  // until Unicode 11
  return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO && !is_newer_punctuation(c);
}
bool is_mark(char32_t c) {
  const int k = category(c);
  if (c == 0x1CF2 || c == 0x1CF3) return true;  // until Unicode 11
  return k >= UTF8PROC_CATEGORY_MN && k <= UTF8PROC_CATEGORY_ME && !is_newer_mark(c);
}
bool is_nonspacing_mark(char32_t c) {
  return c == 0x1734 || (category(c) == UTF8PROC_CATEGORY_MN && !is_newer_nonspacing_mark(c));  // the former until Unicode 14
}
bool is_other(char32_t c) { return category(c) >= UTF8PROC_CATEGORY_CC && !is_newer_format(c); }
bool is_word_character(char32_t c) {
  const int k = category(c);
  const bool circled = (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
                       (c >= 0x1F170 && c <= 0x1F189);
  return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NL) || k == UTF8PROC_CATEGORY_PC || c == 0x200C || c == 0x200D ||
         circled;
}

void append_lowercase(std::string& text, char32_t c) {
  if (c == 0x130) text += "i\xCC\x87";  // the one character whose lower case is two (SpecialCasing.txt)
  else utf8::append(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

void normalize(AlignedText& text, Form form) {
  const unsigned how = options(form);
  const std::string_view bytes = text.bytes;
  Rewriter out(text);
  bool changed = false;
  size_t kept = 0;  // up to here `out` has taken
  for (size_t begin = 0; begin < bytes.size();) {
    // one character and what joins it
    const utf8::Character first = utf8::at(bytes, begin);
    size_t end = begin + first.size;
    if ((how & UTF8PROC_COMPAT) != 0 && is_newer_compatible(first.code)) {
      begin = end;
      continue;
    }
    for (utf8::Character next = utf8::at(bytes, end); next.size > 0 && joins_what_precedes(next.code, how);
         next = utf8::at(bytes, end))
      end += next.size;
    if (end > begin + first.size || !inert(first.code, form)) {
      utf8proc_uint8_t* mapped = nullptr;
      const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()) + begin,
                                     static_cast<utf8proc_ssize_t>(end - begin), &mapped, static_cast<utf8proc_option_t>(how));
      const std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> holder(mapped, std::free);
      if (size >= 0) {
        const std::string_view result(reinterpret_cast<const char*>(mapped), static_cast<size_t>(size));
        if (result != bytes.substr(begin, end - begin)) {
          out.keep(kept, begin);
          out.put(result, begin);
          kept = end;
          changed = true;
        }
      }
    }
    begin = end;
  }
  if (!changed) return;
  out.keep(kept, bytes.size());
  text = out.finish();
}

size_t grapheme_end(std::string_view text, size_t offset) {
  utf8::Character character = utf8::at(text, offset);
  utf8proc_int32_t state = 0;
  while (true) {
    offset += character.size;
    const utf8::Character next = utf8::at(text, offset);
    if (next.size == 0 || utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(character.code),
                                                           static_cast<utf8proc_int32_t>(next.code), &state))
      return offset;
    character = next;
  }
}

}  // namespace sextant::engine::unicode
