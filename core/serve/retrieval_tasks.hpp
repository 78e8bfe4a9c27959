// The stages that a retriever waits for: embeddings of all rows of a data set, and how sure a model is behind each candidate
// list. Their results stay in memory (and, response by response, in the journal). Borrows everything.
#pragma once
#include "dataset_task.hpp"
#include "examples.hpp"

namespace sextant::serve {

/// Embeds the rows of both splits; fills in ret.corpus, ret.width and ret.samples.
Result<TaskSpec> embed_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const config::RunConfig& run, Retrieved& ret);

/// Scores every candidate list of every sample with every label; reads ret.corpus and ret.samples, fills in ret.losses.
Result<TaskSpec> rank_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                           const config::RunConfig& run, Retrieved& ret);

}  // namespace sextant::serve
