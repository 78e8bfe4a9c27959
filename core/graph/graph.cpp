#include "graph.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include "../base/file_name.hpp"
#include "../config/combinations.hpp"
#include "../config/pairs.hpp"
#include "../store/run_folder.hpp"

namespace sextant::graph {
namespace {

// The stages of one data set that no evaluated model is needed for; the last one is what inference waits for.
Result<std::string> add_sources(std::vector<data::Stage>& graph, const config::DatasetConfig& dataset,
                                const RetrieverNeeds& needs) {
  const std::string& task = dataset.task_name;
  const std::string& model = dataset.retriever.model;
  std::string last = "load/" + task;
  graph.push_back({last, "load", {}, "", task});
  if ((needs.embeddings || needs.scores) && model.empty())
    return Error{Error::Kind::config,
                 fmt::format("{}: the retriever '{}' reads {} of a model; name one as infer.retriever.model", dataset.card_path,
                             dataset.retriever.id, needs.embeddings ? "embeddings" : "log-probabilities")};
  if (needs.embeddings) {
    const std::string id = fmt::format("embed/{}/{}", model, task);
    graph.push_back({id, "embed", {last}, model, task});
    last = id;
  }
  if (needs.scores) {
    const std::string id = fmt::format("rank/{}/{}", model, task);
    graph.push_back({id, "rank", {last}, model, task});
    last = id;
  }
  return last;
}

std::string judge_stage(const std::string& judge, const std::string& judged, const std::string& task) {
  return fmt::format("judge/{}/{}/{}", judge, judged, task);
}
// A meta judge reads what all judges replied.
void add_judges(std::vector<std::string>& needs, const config::Judge& judge, const std::string& judged, const std::string& task) {
  for (const std::string& one : config::judges_of(judge)) needs.push_back(judge_stage(one, judged, task));
}

// A judge of pairs reads two models' answers; a model's rating wants the verdicts on all pairs.
Result<void> add_pairs(std::vector<data::Stage>& graph, std::vector<std::string>& scores, const config::RunConfig& run,
                       const config::DatasetConfig& dataset) {
  SXT_TRY(const auto pairs, config::pairs_of(run, dataset));
  const std::string& task = dataset.task_name;
  std::vector<std::string> judged;
  for (const std::string& judge : config::all_judges_of(*dataset.judge))
    for (const auto& [first, second] : pairs) {
      const std::string pair = config::pair_name(first, second);
      std::vector<std::string> needs{fmt::format("infer/{}/{}", first, task), fmt::format("infer/{}/{}", second, task)};
      if (judge == dataset.judge->meta) add_judges(needs, *dataset.judge, pair, task);
      judged.push_back(judge_stage(judge, pair, task));
      graph.push_back({judged.back(), "judge", std::move(needs), judge, task, first, second});
    }
  for (const std::string& model : config::models_on(run, dataset)) {
    scores.push_back(fmt::format("score/{}/{}", model, task));
    graph.push_back({scores.back(), "score", judged, "", task});
  }
  return {};
}

// Two stages whose files a file system may take for one ("a@b" judged with model "c", "a" with "b@c") would overwrite each
// other's.
Result<void> check_names(const std::vector<data::Stage>& graph) {
  std::map<std::string, const data::Stage*> taken;
  for (const data::Stage& stage : graph) {
    if (stage.kind != "infer" && stage.kind != "judge") continue;
    const auto [it, fresh] = taken.emplace(file_name_key(stage.model) + "/" + file_name_key(task_name(stage)), &stage);
    if (!fresh)
      return Error{Error::Kind::config,
                   fmt::format("the predictions of {} and of {} would be one file; give a model or a data set another \"abbr\"",
                               it->second->id, stage.id)};
  }
  return {};
}

}  // namespace

std::string task_name(const data::Stage& stage) {
  if (stage.judged.empty()) return stage.task;
  return store::judged_name(stage.task, stage.against.empty() ? stage.judged : config::pair_name(stage.judged, stage.against));
}

Result<std::vector<data::Stage>> build(const config::RunConfig& run,
                                       const std::function<Result<RetrieverNeeds>(const config::DatasetConfig&)>& needs) {
  std::vector<data::Stage> graph;
  std::vector<std::string> sources, scores;
  for (const config::DatasetConfig& dataset : run.datasets) {
    SXT_TRY(const RetrieverNeeds needed, needs(dataset));
    SXT_TRY(std::string source, add_sources(graph, dataset, needed));
    sources.push_back(std::move(source));
  }
  for (const config::ModelConfig& model : run.models)
    for (size_t i = 0; i < run.datasets.size(); ++i) {
      const config::DatasetConfig& dataset = run.datasets[i];
      const std::string& task = dataset.task_name;
      if (!config::is_planned(run, model.abbr, task)) continue;
      std::string answers = fmt::format("infer/{}/{}", model.abbr, task);
      graph.push_back({answers, "infer", {sources[i]}, model.abbr, task});
      if (dataset.judge && dataset.judge->pairs) continue;   // wait for the other models
      std::vector<std::string> wanted;
      if (dataset.judge)
        for (const std::string& judge : config::all_judges_of(*dataset.judge)) {
          std::vector<std::string> needs{answers};
          if (judge == dataset.judge->meta) add_judges(needs, *dataset.judge, model.abbr, task);
          wanted.push_back(judge_stage(judge, model.abbr, task));
          graph.push_back({wanted.back(), "judge", std::move(needs), judge, task, model.abbr});
        }
      if (wanted.empty()) wanted.push_back(answers);
      scores.push_back(fmt::format("score/{}/{}", model.abbr, task));
      graph.push_back({scores.back(), "score", std::move(wanted), "", task});
    }
  for (const config::DatasetConfig& dataset : run.datasets) {
    if (!dataset.judge || !dataset.judge->pairs) continue;
    SXT_CHECK(add_pairs(graph, scores, run, dataset));
  }
  graph.push_back({"summarise", "summarise", scores, "", ""});
  SXT_CHECK(check_names(graph));
  return graph;
}

std::optional<Ready> next(const std::vector<data::Stage>& graph, const Outcomes& outcomes, const std::string& loaded) {
  const auto ready = [&](const data::Stage& stage) {
    return std::all_of(stage.needs.begin(), stage.needs.end(),
                       [&](const std::string& id) { return outcomes.done.contains(id); });
  };
  const auto lost = [&](const data::Stage& stage) {
    return std::any_of(stage.needs.begin(), stage.needs.end(),
                       [&](const std::string& id) { return outcomes.failed.contains(id); });
  };
  std::vector<const data::Stage*> all;
  std::set<std::string> waiting;     // models with stages that are still to become ready
  for (const data::Stage& stage : graph) {
    if (outcomes.done.contains(stage.id) || outcomes.failed.contains(stage.id)) continue;
    if (ready(stage)) all.push_back(&stage);
    else if (!lost(stage)) waiting.insert(stage.model);
  }
  if (all.empty()) return std::nullopt;
  // what asks no model costs no loading; then the loaded model; then whose turn it is
  const auto first_of = [&](const std::string& model) {
    return std::find_if(all.begin(), all.end(), [&](const data::Stage* stage) { return stage->model == model; });
  };
  auto chosen = first_of("");
  if (chosen == all.end() && !loaded.empty()) chosen = first_of(loaded);
  if (chosen == all.end())
    chosen = std::find_if(all.begin(), all.end(), [&](const data::Stage* stage) { return !waiting.contains(stage->model); });
  if (chosen == all.end()) chosen = all.begin();
  Ready out{(*chosen)->model, {}};
  for (const data::Stage* stage : all)
    if (stage->model == out.model) out.stages.push_back(stage);
  return out;
}

}  // namespace sextant::graph
