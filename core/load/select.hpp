// Which rows of a split are evaluated. Pure.
#pragma once
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>
#include "../config/run_config.hpp"

namespace sextant::load {

/// Row numbers in the order in which they are evaluated: the card's test_range ("[a:b:c]" as Python slices lists, chained:
/// "[0:500][10:20]"; empty: all), less `excluded`, of these the `wanted` (empty: all), then the run's limit. A random limit
/// draws without replacement, seeded by `seed` and `name` alone, and keeps the rows' order.
Result<std::vector<uint64_t>> select_rows(uint64_t count, std::string_view test_range, const config::Limit& limit,
                                          uint64_t seed, std::string_view name,
                                          const std::vector<config::RowRange>& wanted = {},
                                          const std::set<uint64_t>& excluded = {});

}  // namespace sextant::load
