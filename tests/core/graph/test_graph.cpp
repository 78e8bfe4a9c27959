// The graph is a pure function of the configuration, and each model is opened as seldom as can be.
#include <catch2/catch.hpp>
#include "core/graph/graph.hpp"
#include "core/store/run_folder.hpp"

namespace sextant::graph {
namespace {

config::RunConfig run(std::vector<std::string> models, std::vector<std::string> sets, const std::string& judge = "") {
  config::RunConfig out;
  for (const std::string& model : models) out.models.emplace_back().abbr = model;
  for (const std::string& set : sets) {
    config::DatasetConfig& dataset = out.datasets.emplace_back();
    dataset.abbr = dataset.task_name = set;
    if (!judge.empty()) dataset.judge.emplace().model = judge;
  }
  return out;
}

Result<RetrieverNeeds> nothing(const config::DatasetConfig&) { return RetrieverNeeds{}; }
Result<RetrieverNeeds> everything(const config::DatasetConfig&) { return RetrieverNeeds{true, true}; }

std::vector<data::Stage> graph_of(const config::RunConfig& run,
                                  Result<RetrieverNeeds> (*needs)(const config::DatasetConfig&) = nothing) {
  auto graph = build(run, needs);
  REQUIRE(graph);
  return *graph;
}

// The models in the order in which they are opened.
std::vector<std::string> opened(const std::vector<data::Stage>& graph, const std::set<std::string>& failing = {}) {
  std::vector<std::string> out;
  Outcomes outcomes;
  std::string loaded;
  while (const auto ready = next(graph, outcomes, loaded)) {
    if (!ready->model.empty() && ready->model != loaded) {
      out.push_back(ready->model);
      loaded = ready->model;
    }
    for (const data::Stage* stage : ready->stages)
      (failing.contains(stage->id) ? outcomes.failed : outcomes.done).insert(stage->id);
  }
  return out;
}

}  // namespace

TEST_CASE("a data set is loaded, inferred and scored for each model, and all is summarised") {
  std::vector<std::string> ids;
  for (const data::Stage& stage : graph_of(run({"m", "n"}, {"d"}))) ids.push_back(stage.id);
  CHECK(ids == std::vector<std::string>{"load/d", "infer/m/d", "score/m/d", "infer/n/d", "score/n/d", "summarise"});
}

TEST_CASE("a judge's stage needs the judged answers, and scores need the judge's") {
  const auto graph = graph_of(run({"m"}, {"d"}, "j"));
  REQUIRE(graph[2].id == "judge/j/m/d");
  CHECK(graph[2].needs == std::vector<std::string>{"infer/m/d"});
  CHECK(graph[2].model == "j");
  CHECK(graph[2].task == "d");
  CHECK(graph[2].judged == "m");
  CHECK(graph[3].needs == std::vector<std::string>{"judge/j/m/d"});
}

TEST_CASE("predictions of two stages are never one file") {
  config::RunConfig one = run({"m"}, {"d"}, "m");
  config::DatasetConfig& other = one.datasets.emplace_back();
  other.abbr = other.task_name = "D@M";  // what m says of its own answers to d is called so, too
  const auto graph = build(one, nothing);
  REQUIRE_FALSE(graph);
  CHECK(graph.error().message.find("would be one file") != std::string::npos);
}

TEST_CASE("a retriever's embeddings and scores are stages of its model before inference") {
  config::RunConfig with = run({"m"}, {"d"});
  CHECK_FALSE(build(with, everything));  // it names no model
  with.datasets[0].retriever = {"mdl", "{}", "e"};
  const auto graph = graph_of(with, everything);
  CHECK(graph[1].id == "embed/e/d");
  CHECK(graph[2].id == "rank/e/d");
  CHECK(graph[2].needs == std::vector<std::string>{"embed/e/d"});
  CHECK(graph[3].needs == std::vector<std::string>{"rank/e/d"});
}

TEST_CASE("each model is opened once, a judge of several behind all that it judges") {
  CHECK(opened(graph_of(run({"m", "n"}, {"a", "b"}))) == std::vector<std::string>{"m", "n"});
  CHECK(opened(graph_of(run({"m", "n"}, {"a", "b"}, "j"))) == std::vector<std::string>{"m", "n", "j"});
  CHECK(opened(graph_of(run({"m", "n"}, {"a"}, "m"))) == std::vector<std::string>{"n", "m"});
}

TEST_CASE("what needs a stage that failed is never ready, and holds nothing else up") {
  const auto graph = graph_of(run({"m", "n"}, {"a"}, "j"));
  CHECK(opened(graph, {"infer/m/a"}) == std::vector<std::string>{"m", "n", "j"});
  CHECK(opened(graph, {"infer/m/a", "infer/n/a"}) == std::vector<std::string>{"m", "n"});
}

TEST_CASE("a graph survives its file") {
  const auto graph = graph_of(run({"m"}, {"d"}, "j"));
  const auto parsed = json::parse(data::to_json(graph), "graph.json");
  REQUIRE(parsed);
  const auto back = data::graph_from_json(*parsed, "graph.json");
  REQUIRE(back);
  CHECK(*back == graph);
}

}  // namespace sextant::graph
