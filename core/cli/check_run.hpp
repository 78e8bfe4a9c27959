// `sextant check RUN`: what a run's scores depend on that no model is needed for.
#pragma once
#include <string>
#include <vector>
#include "../check/finding.hpp"
#include "run_view.hpp"

namespace sextant::cli {

/// What `sextant check` says of a run's configuration, data and models as they are now.
Result<std::vector<check::Finding>> check_configuration(const RunView& view);

/// One of the arguments is the folder of a run.
bool names_a_run(const std::vector<std::string>& args);

/// The replies of a run under a panel of extractors.
int check_run_command(const std::vector<std::string>& args);

}  // namespace sextant::cli
