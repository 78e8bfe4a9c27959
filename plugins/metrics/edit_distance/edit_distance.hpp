// Levenshtein's distance in characters. Time: the product of the lengths, by 64. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <sextant/result.hpp>
#include "../../text/match_rows.hpp"

namespace sextant::metric {

/// An error where it would take too long.
inline Result<size_t> edit_distance(std::u32string_view a, std::u32string_view b) {
  if (text::alignment_words(std::max(a.size(), b.size()), std::min(a.size(), b.size())) > text::alignment_words_max)
    return Error{Error::Kind::data, "edit_distance: a reply of " + std::to_string(a.size()) + " characters and a reference of " +
                                        std::to_string(b.size()) +
                                        " are too long to be compared; cut the replies (--max-out-len, or a post-processor)"};
  return text::levenshtein({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace sextant::metric
