// How an answer is written rather than what it says: length, headings, lists, bold type, as Arena-Hard's style control counts them.
// Pure; threads: [any].
#pragma once
#include <array>
#include <string_view>
#include <vector>

namespace sextant::score {

/// Characters (Arena-Hard: tokens), then counts of headings, items of lists and bold texts outside of code blocks.
using Style = std::array<double, 4>;
inline constexpr std::array<const char*, 4> style_names{"length", "headings", "lists", "bold type"};
using Styles = std::vector<std::vector<Style>>;    // [model][row]

Style style_of(std::string_view answer);

/// The first answer's less the second's: of lengths as a share of both, of the others by how often they come for each character,
/// as a share of both and 1 (Li, Angelopoulos and Chiang 2024).
std::vector<double> style_difference(const Style& first, const Style& second);

}  // namespace sextant::score
