// White space and words as Python's str has them, which lm-eval's counts rest on. Pure. Threads: [any].
#pragma once
#include <cstddef>
#include <string_view>

namespace sextant::infer {

/// str.isspace() of one character; it is also what \s matches.
bool is_white_space(char32_t code);
/// The bytes of white space at the front.
size_t leading_white_space(std::string_view text);
/// The text without white space at either end.
std::string_view trimmed(std::string_view text);
/// len(re.split(r"\s+", text)): one more than there are stretches of white space, also at the ends.
size_t count_words(std::string_view text);

}  // namespace sextant::infer
