// Which models a judge of pairs compares. Pure; threads: [any].
#pragma once
#include <string>
#include <utility>
#include <vector>
#include "run_config.hpp"

namespace sextant::config {

/// The run's evaluated models two by two, in its order; with a base, the base second. An Error: there are fewer than two, or no
/// such base.
Result<std::vector<std::pair<std::string, std::string>>> pairs_of(const RunConfig& run, const DatasetConfig& dataset);

/// What two models are called together: as the judged model of file names.
std::string pair_name(std::string_view first, std::string_view second);

/// As a judge's tasks name what must be judged before that model can be scored: the model, or every pair, since a rating takes
/// all.
std::vector<std::string> judged_names(const RunConfig& run, const DatasetConfig& dataset, const std::string& model);

}  // namespace sextant::config
