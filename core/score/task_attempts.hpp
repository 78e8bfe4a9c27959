// One task's predictions through filters and metrics: what the stages of judges and of evaluated models have in common.
#pragma once
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/kept_attempts.hpp"
#include "../store/run_folder.hpp"
#include "../store/task_log.hpp"
#include "score.hpp"

namespace sextant::score {

/// Scores them; their lines go to the samples file, and what went wrong to the log. `expected`: how many there must be, 0: as many
/// as there are. `kept`: the attempts, where the run that wrote them still has them; null: they are read from their file.
Result<Scored> score_attempts(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                              const store::RunFolder& folder, const std::string& model, const std::string& task,
                              const store::TaskLog& log, uint64_t expected, store::KeptAttempts* kept = nullptr);

}  // namespace sextant::score
