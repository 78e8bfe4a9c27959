// Whether the texts of one set are more familiar to a model than those of another (inferencer min_k), as a run has them both.
#pragma once
#include "../config/run_config.hpp"
#include "../report/report.hpp"
#include "../store/run_folder.hpp"

namespace sextant::compare {

/// The first set that was asked with min_k against each other one, for each model: a line of table.findings each.
void compare_familiarity(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run);

}  // namespace sextant::compare
