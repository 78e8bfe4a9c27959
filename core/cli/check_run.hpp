// `sextant check RUN`: what a run's scores depend on that no model is needed for.
#pragma once
#include <string>
#include <vector>

namespace sextant::cli {

/// One of the arguments is the folder of a run.
bool names_a_run(const std::vector<std::string>& args);

/// The replies of a run under a panel of extractors.
int check_run_command(const std::vector<std::string>& args);

}  // namespace sextant::cli
