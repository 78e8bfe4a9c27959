// --fail-under: what it takes, which row it means, and which way a metric goes.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/base/exit_code.hpp"
#include "../../../core/cli/fail_under.hpp"

namespace sextant::test {
namespace {
using namespace cli;
using Catch::Matchers::Contains;

config::RunConfig run_of(const std::vector<std::string>& datasets) {
  config::RunConfig run;
  for (const std::string& name : datasets) {
    run.datasets.emplace_back();
    run.datasets.back().task_name = name;
  }
  run.summarizer.groups = {{"all", datasets}};
  return run;
}
report::Row row(const std::string& dataset, const std::string& metric, std::optional<double> value, bool higher = true) {
  report::Cell cell;
  cell.value = value;
  cell.text = value ? "1" : "missing";
  cell.estimate.higher_is_better = higher;
  return {dataset, "abc123", metric, "gen", {cell}};
}

TEST_CASE("a threshold is a data set or group, perhaps a metric, and a number") {
  const config::RunConfig run = run_of({"law", "a,b", "x=y"});
  const auto good = thresholds({"law=40", "law,f1,strict=0.5", "a,b=-1e-3", "a,b,f1=2", "x=y=3", "all=50"}, run);
  REQUIRE(good);
  const std::vector<std::pair<std::string, std::string>> expected{{"law", ""},   {"law", "f1,strict"}, {"a,b", ""},
                                                                  {"a,b", "f1"}, {"x=y", ""},          {"all", ""}};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::pair((*good)[i].dataset, (*good)[i].metric) == expected[i]);
  CHECK((*good)[2].value == -1e-3);
  for (const char* bad : {"law", "law=", "law=x", "law=4x", "=4", "law=nan", "law=inf", "lwa=4", "f1=4"}) {
    CAPTURE(bad);
    const auto refused = thresholds({bad}, run);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == Error::Kind::usage);
  }
  CHECK_THAT(thresholds({"lwa=4"}, run).error().message, Contains("law"));
}

TEST_CASE("worse is below, or above where less is better; what is missing is worse") {
  report::Table table;
  table.models = {"m"};
  table.rows = {row("law", "accuracy", 40), row("law", "loss", 2, false), row("logic", "accuracy", std::nullopt)};
  const auto code = [&](Threshold one) {
    const auto checked = check_thresholds({std::move(one)}, table);
    return checked ? *checked : -1;
  };
  CHECK(code({"law", "", 40}) == exit_ok);
  CHECK(code({"law", "accuracy", 40.01}) == exit_no);
  CHECK(code({"law", "loss", 2}) == exit_ok);
  CHECK(code({"law", "loss", 1.9}) == exit_no);
  CHECK(code({"logic", "", 0}) == exit_no);
  const auto unknown = check_thresholds({{"law", "acuracy", 1}}, table);
  REQUIRE_FALSE(unknown);
  CHECK_THAT(unknown.error().message, Contains("accuracy") && Contains("loss"));
}

TEST_CASE("a metric that no row can bear is known before a run") {
  const config::RunConfig run = run_of({"law", "judged"});
  const RowNames names = [](const config::DatasetConfig& dataset) -> std::optional<std::vector<std::string>> {
    if (dataset.task_name == "judged") return std::nullopt;
    return std::vector<std::string>{"accuracy", "more_1_circular"};
  };
  for (const char* good : {"accuracy", "accuracy (3 runs average)", "more_4_circular", ""})
    CHECK(check_metrics({{"law", good, 1}}, run, names));
  CHECK(check_metrics({{"judged", "anything", 1}}, run, names));
  CHECK(check_metrics({{"all", "naive_average", 1}}, run, names));
  CHECK_THAT(check_metrics({{"law", "acuracy", 1}}, run, names).error().message, Contains("did you mean 'accuracy'"));
  CHECK_FALSE(check_metrics({{"all", "accuracy", 1}}, run, names));
  report::Table table;
  table.models = {"m"};
  table.rows = {row("law", "accuracy (3 runs average)", 40), row("law", "accuracy (3 runs deviation)", 1, false)};
  CHECK(*check_thresholds({{"law", "accuracy", 39}}, table) == exit_ok);
  CHECK(*check_thresholds({{"law", "accuracy", 41}}, table) == exit_no);
}

}  // namespace
}  // namespace sextant::test
