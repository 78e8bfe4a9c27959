// Python's text, for values that keep UTF-8: positions are code points, and what is a blank or an upper-case letter is
// Unicode's.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/utf8.hpp>
#include "letters.hpp"

namespace sextant::jinja {

std::vector<std::string_view> characters(std::string_view text);
bool is_blank(char32_t c);                                 // str.isspace()
/// Strips blanks, or any of the characters in `of`, from the chosen sides.
std::string_view strip(std::string_view text, bool left, bool right, std::optional<std::string_view> of = {});
/// str.splitlines()
std::vector<std::string_view> lines(std::string_view text, bool keep_ends = false);
std::string upper(std::string_view text);
std::string lower(std::string_view text);                  // a sigma at a word's end is like any other
std::string swapped(std::string_view text);                // str.swapcase()
std::string folded(std::string_view text);                 // str.casefold()
std::string capitalized(std::string_view text);            // str.capitalize()
std::string titled(std::string_view text);                 // str.title(): every word's first letter upper, the others lower
bool is_upper(std::string_view text);                      // str.isupper(): no cased letter is another, and there is one
bool is_lower(std::string_view text);
std::string quoted(std::string_view text);                 // repr()
std::string escaped(std::string_view text);                // for HTML, as Jinja2's escape
std::string centered(std::string_view text, int64_t width, std::string_view fill);  // str.center()
std::string replaced(std::string_view text, std::string_view from, std::string_view to, int64_t count = -1);

}  // namespace sextant::jinja
