// The eval stage: predictions in, results out, one task at a time.
#pragma once
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/run_folder.hpp"

namespace sextant::score {

/// Scores a complete task's predictions and writes results/<model>/<task>.json; fills eval_s and results_sha256. A task that cannot
/// be scored becomes `failed` with the reason, and its log says so.
void score_task(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, store::TaskRecord& record);

/// The same for every task of `records` that is complete.
void score_all(plugin::Host& host, const config::RunConfig& run, const store::RunFolder& folder, std::vector<store::TaskRecord>& records);

}  // namespace sextant::score
