// A judge's task: its samples are another stage's attempts. A row is the attempt's row with the members "prediction" and
// "reference" (and "prediction_r1", ... of the turns, "thinking", which may be empty); template, inferencer, post-processors
// and metrics are ordinary ones.
#pragma once
#include <functional>
#include <optional>
#include "../config/run_config.hpp"
#include "../store/run_folder.hpp"
#include "model_session.hpp"
#include "renderer.hpp"
#include "task.hpp"

namespace sextant::serve {

/// What a judge is shown in place of a reply of that model's, its thinking taken away; null: the reply.
using EditReply = std::function<Result<std::string>(const data::Attempt& attempt, const std::string& reply)>;
using EditsOf = std::function<Result<EditReply>(const std::string& model)>;

/// `judged`: the abbr of the model whose attempts are judged, `against`: of the one that they are compared with, or empty.
/// Reads their predictions below `folder`. `name`: of the task's files. Borrows everything.
///
/// `only`: the places of the attempts that are judged, in their order; absent: all. Samples of pairs are numbered attempt by attempt; where both orders are asked, those that show `against` first come behind
/// the others.
Result<TaskSpec> judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                            const std::string& judged, const std::string& against, const std::string& name,
                            const config::RunConfig& run, const store::RunFolder& folder,
                            std::optional<std::vector<uint64_t>> only = std::nullopt, const EditsOf& edits = {});

/// The same before there are predictions: every row with an empty reply, for an estimate.
Result<TaskSpec> planned_judge_task(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                                    const std::string& name, const config::RunConfig& run);

/// What a judge's sample shows.
struct JudgedSample {
  uint64_t row = 0;
  uint32_t repeat = 0;
  bool swapped = false;                // of a pair: the second model's answer is shown first
};
/// What a judge is asked, sample by sample, until `take` returns false. `folder`: of a run whose predictions are shown; null: the
/// names of the variables stand in the answers' places ("{prediction}"), up to eight turns.
Result<void> each_judged(plugin::Host& host, ModelSession& session, const config::DatasetConfig& dataset,
                         const std::string& judged, const std::string& against, const config::RunConfig& run,
                         const store::RunFolder* folder, const EditsOf& edits, const std::function<Result<bool>(const JudgedSample& shown, const Prepared& prepared)>& take);

/// Turns of an answer that is not there yet: more than a template names.
inline constexpr size_t shown_turns = 8;

/// How judged rows become the judge's prompts. `judge`: the model.
Renderer::Options judge_renderer_options(const config::DatasetConfig& dataset, const config::RunConfig& run, data::Form form,
                                         const config::ModelConfig& judge);
/// "judgement", "judgement2", ...: what each of the judges replied, for a meta judge.
std::string judgement_name(size_t judge);

/// The row that a judge is shown. `with_thinking`: "prediction" is the whole reply, what the model thought included. Pure.
std::string judged_record(const data::Attempt& attempt, bool with_thinking);
/// The same of two attempts at one row, in the order in which they are shown: "prediction2" and its like are the second's.
std::string judged_pair(const data::Attempt& first, const data::Attempt& second, bool with_thinking);

}  // namespace sextant::serve
