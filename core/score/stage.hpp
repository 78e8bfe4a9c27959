// The score stage: predictions in; results, samples and the log out, one task at a time.
#pragma once
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/earlier.hpp"
#include "../store/kept_attempts.hpp"
#include "judged.hpp"

namespace sextant::score {

/// Scores a complete task's predictions and writes results/<model>/<task>.json and samples/<model>/<task>.jsonl; fills eval,
/// eval_s and results_sha256. Where a sample's scorer fails, the others are scored and written all the same, the task becomes
/// `failed` and samples_failed counts it; a task that cannot be scored at all becomes `failed` with the reason; one whose
/// predictions are not all there is `incomplete`. Its log says so. `arenas`: one for all
/// tasks of a run, so that the verdicts on pairs are read once. Scores that are replaced by others go to `earlier`, where it
/// is given. `kept`: the attempts, where this run has just written them.
void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record,
                Arenas& arenas, store::Earlier* earlier = nullptr, store::KeptAttempts* kept = nullptr);

/// The places of a model's attempts that the set's first metric does not call right: what a judge is asked that reads only these.
Result<std::vector<uint64_t>> failed_attempts(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                                              const store::RunFolder& folder, const std::string& model);

}  // namespace sextant::score
