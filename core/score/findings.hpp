// What is suspicious about a scored set: replies that could not be read or were cut, examples that were left out, a score of 0 and why.
#pragma once
#include "../config/run_config.hpp"
#include "../data/finding.hpp"
#include "score.hpp"

namespace sextant::score {

/// From this share of a set's replies on, replies without an answer are said.
inline constexpr double unparsed_share = 0.2;

/// By the first filter and the first number. Pure.
std::vector<data::Finding> findings_of(const Scored& scored, const config::DatasetConfig& dataset);

}  // namespace sextant::score
