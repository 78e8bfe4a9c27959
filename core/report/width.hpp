// How many columns a text takes in a terminal.
#pragma once
#include <cstddef>
#include <string_view>

namespace sextant::report {

/// East Asian wide and fullwidth characters take two columns (Unicode 15, UAX 11, by blocks), combining marks none. `text` is
/// UTF-8.
size_t display_width(std::string_view text);

}  // namespace sextant::report
