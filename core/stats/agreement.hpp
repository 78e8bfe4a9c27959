// How far raters agree beyond chance: 1 is always, 0 as often as chance would. Pure; threads: [any]. NaN: not defined (nothing
// to compare, or all verdicts are one).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sextant::stats {

/// Cohen (1960): two raters, categories without an order.
double cohen_kappa(std::span<const std::pair<std::string, std::string>> pairs);

/// Fleiss (1971): for each item its verdicts, as many for each item as for the others (NaN elsewhere).
double fleiss_kappa(const std::vector<std::vector<std::string>>& items);

/// Krippendorff (2011): any number of verdicts an item; items with fewer than two say nothing.
double krippendorff_alpha(const std::vector<std::vector<std::string>>& items);
/// The same of numbers, whose distance is the square of their difference.
double krippendorff_alpha(const std::vector<std::vector<double>>& items);

}  // namespace sextant::stats
