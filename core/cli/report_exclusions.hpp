// `sextant report --exclude FILE`: a run's scores with and without the samples that FILE names.
#pragma once
#include <string>
#include <vector>
#include "../compare/exclusion.hpp"
#include "../config/run_config.hpp"
#include "run_view.hpp"

namespace sextant::cli {

/// Of each task of the evaluated models that is scored and has a sample that is named. An Error names the first line whose data
/// set or row the run does not have.
Result<std::vector<compare::Without>> scores_without(const RunView& view, const config::RunConfig& run,
                                                     const std::string& file);

}  // namespace sextant::cli
