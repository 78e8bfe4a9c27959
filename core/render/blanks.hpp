// White space as Python's str.rstrip() sees it, which lm-eval's boundary between context and continuation depends on.
#pragma once
#include <cstddef>
#include <string_view>

namespace sextant::render {

/// The text's size without the white space at its end.
size_t size_without_trailing_blanks(std::string_view utf8);

}  // namespace sextant::render
