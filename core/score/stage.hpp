// The score stage: predictions in; results, samples and the log out, one task at a time.
#pragma once
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/run_folder.hpp"

namespace sextant::score {

/// Scores a complete task's predictions and writes results/<model>/<task>.json and samples/<model>/<task>.jsonl; fills eval_s and
/// results_sha256. Where a sample's scorer fails, the others are scored and written all the same, the task becomes `failed` and
/// samples_failed counts it; a task that cannot be scored at all becomes `failed` with the reason. Its log says so.
void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record);

/// The same for every task of `records` that is complete.
void score_all(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, std::vector<store::TaskRecord>& records);

}  // namespace sextant::score
