// A results file with what it says of another file of the run.
#pragma once
#include "score.hpp"

namespace sextant::score {

/// As write_results() of score.hpp; `samples_sha256`: of the samples file that was written with it, or empty.
Result<void> write_results(const Scored& scored, bool with_details, const std::string& samples_sha256, const Write& write);

}  // namespace sextant::score
