// Runs the graph: opens one model after the other, gives it all its stages that are ready, scores what is complete.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../serve/estimate.hpp"
#include "../serve/examples.hpp"
#include "../serve/run_tasks.hpp"
#include "../store/earlier.hpp"
#include "../store/run_states.hpp"
#include "graph.hpp"

namespace sextant::graph {

struct RunGraph {
  const config::RunConfig* run = nullptr;
  const store::RunFolder* folder = nullptr;
  std::atomic<bool>* cancelled = nullptr;
  bool cache = false;
  bool score = true;                                      // -m infer: no
  store::Earlier* earlier = nullptr;                      // where replaced results go
  store::RunStates* states = nullptr;                     // gets each task as a stage of it is over
  /// Scores of an earlier pass hold on where the predictions are the same: the record of it, or nothing.
  std::function<const store::TaskRecord*(const store::TaskRecord&)> scored_before;
  // what cannot be run and why (preflight): data sets by their task names, models by their abbrs
  const std::map<std::string, Error>* unfit = nullptr;
  const std::map<std::string, Error>* unfit_models = nullptr;
  /// Rows of sets by their task names, where they have been read and checked; they are taken from here. Null: none have.
  std::map<std::string, load::TaskData>* data = nullptr;
  /// A model that is open already, taken over if it is one of the run's; the last one of this run stays here. Null: none is kept.
  std::optional<serve::ModelSession>* kept = nullptr;
  /// A model has been opened; what is to be told of its progress.
  std::function<std::function<void(const serve::Progress&)>(const serve::ModelSession&, const config::ModelConfig&)> opened;
};

/// Fills in the models and tasks of the record: an inference task per model and data set, in their order, then those of
/// helpers.
void run_graph(plugin::Host& host, const std::vector<data::Stage>& graph, const RunGraph& job, store::RunRecord& record);

/// What each model stage would compute, model by model, in the order in which run_graph() would open them; nothing is written.
/// Stages that read what a model says (a judge's, a retriever's) are planned as far as that is known without it.
struct StagePlan {
  std::string model;
  std::vector<std::string> stages;   // their ids
  std::vector<serve::Estimate>
      later;  // stages whose requests are made of what models say: their cost is known when these have said it
  serve::Plan plan;
};
Result<std::vector<StagePlan>> plan_graph(plugin::Host& host, const std::vector<data::Stage>& graph,
                                          const config::RunConfig& run, const std::map<std::string, Error>& unfit = {});

/// The stages that retrievers need, without a run's folder: what was computed for each data set whose retriever reads a model,
/// or why not, by its task name. Opens each of these models once.
Result<std::map<std::string, Result<serve::Retrieved>>> run_retrieval(plugin::Host& host, const config::RunConfig& run);

/// What a retriever asks of models.
Result<RetrieverNeeds> retriever_needs(plugin::Host& host, const config::DatasetConfig& dataset, const config::RunConfig& run);

/// The run's stages, with what its retrievers ask of models.
Result<std::vector<data::Stage>> build(plugin::Host& host, const config::RunConfig& run);

}  // namespace sextant::graph
