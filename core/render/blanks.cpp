#include "blanks.hpp"

namespace sextant::render {
namespace {

// The Unicode characters of str.isspace() beyond ASCII, in UTF-8.
constexpr std::string_view wide_blanks[] = {
    "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

size_t last_blank_size(std::string_view text) {
  if (text.empty()) return 0;
  const char last = text.back();
  if (last == ' ' || (last >= '\t' && last <= '\r') || (last >= '\x1C' && last <= '\x1F')) return 1;
  for (const std::string_view blank : wide_blanks)
    if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank) return blank.size();
  return 0;
}

}  // namespace

size_t size_without_trailing_blanks(std::string_view utf8) {
  while (const size_t size = last_blank_size(utf8)) utf8.remove_suffix(size);
  return utf8.size();
}

}  // namespace sextant::render
