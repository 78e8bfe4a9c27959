// Programs that a model wrote, run where they can do no harm: as many at a time as there are processors, whoever asks. Threads:
// [any].
#pragma once
#include <optional>
#include "job.hpp"

namespace sextant::sandbox {

/// An Error (device) that says what is missing and what to do, where sandboxes do not work here. Found out once by trying;
/// until then nothing is run.
Result<void> available();

/// Waits for its turn. A sandbox that fails by itself is tried again, and so is, alone, a program that only the clock has
/// stopped. An Error: no verdict could be had; it says nothing of the program.
Result<Verdict> run(const Job& job);

/// Verdicts in the order of the jobs.
std::vector<Result<Verdict>> run_all(const std::vector<Job>& jobs);

}  // namespace sextant::sandbox
