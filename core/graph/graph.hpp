// The run as a graph of stages, built from its configuration alone and kept in configs/graph.json. Pure.
//
//   load/T -> [embed/E/T] -> [rank/R/T] -> infer/M/T -> [judge/J/M/T] -> score/M/T -> summarise
//
// for each evaluated model M and data set T that run together. A judge of pairs, judge/J/M+N/T, waits for both models, and the scores of its set
// for all pairs. A judge or an embedder is a model like any other, asked in a stage of its own.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../data/stage.hpp"

namespace sextant::graph {

/// What a retriever reads of a model before it can choose examples.
struct RetrieverNeeds {
  bool embeddings = false, scores = false;
};

/// `needs`: of a data set's retriever. An Error names the card that asks for a model which it does not name.
Result<std::vector<data::Stage>> build(const config::RunConfig& run,
                                       const std::function<Result<RetrieverNeeds>(const config::DatasetConfig&)>& needs);

/// What a stage's task is called on disk: a judge's after the data set and the judged model.
std::string task_name(const data::Stage& stage);

/// Which stages are over, and how.
struct Outcomes {
  std::set<std::string> done, failed;  // ids; what needs a failed one is never ready
};

/// What is to be done next: all ready stages of one model, or all that ask none. Ready stages of the model that is loaded go
/// first; then those of a model that waits for nothing more, so that a judge of several models is loaded once; then the graph's
/// order decides.
struct Ready {
  std::string model;                 // empty: none is asked
  std::vector<const data::Stage*> stages;
};
/// Nothing where all is done, or where what is left needs something that will not come.
std::optional<Ready> next(const std::vector<data::Stage>& graph, const Outcomes& outcomes, const std::string& loaded);

}  // namespace sextant::graph
