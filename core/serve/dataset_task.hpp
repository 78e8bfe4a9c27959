// The tasks that ask a model about a data set: what the graph's stages become.
#pragma once
#include "../config/run_config.hpp"
#include "../load/data.hpp"
#include "../store/kept_attempts.hpp"
#include "../store/run_folder.hpp"
#include "task.hpp"
#include "examples.hpp"
#include "model_session.hpp"

namespace sextant::serve {

/// The inferencer of a card: a built-in one, or a plugin's.
Result<std::unique_ptr<infer::Inferencer>> open_inferencer(plugin::Host& host, const config::Inferencer& inferencer,
                                                           const std::string& origin);

/// What the run, the model and the card say of every request.
infer::Settings settings_of(const config::Inferencer& inferencer, const ModelSession& session, const config::RunConfig& run);

/// The predictions file of a complete task.
std::unique_ptr<AttemptSink> predictions_sink(std::filesystem::path path, data::Form form, uint32_t repeats,
                                              std::shared_ptr<store::KeptAttempts> kept = nullptr);

/// What a stage shares with those before and behind it, so that nothing is read or parsed twice.
struct Given {
  std::optional<load::TaskData> data;                    // the set's rows, where they have been read and checked
  std::shared_ptr<store::KeptAttempts>* kept = nullptr;  // gets the attempts, for who scores them as soon as they are written
};

/// The data set's samples, asked of the session's model; a complete task's predictions are written below `folder` (null:
/// nowhere). `retrieved`: what stages have computed for the retriever. Borrows everything.
Result<TaskSpec> infer_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const config::RunConfig& run, const store::RunFolder* folder, const Retrieved* retrieved = nullptr,
                            Given given = {});

}  // namespace sextant::serve
