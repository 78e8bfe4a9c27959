// Scorers that crash and hang, in a process of their own: the plugins of tests/bad_plugins/scorers.cpp.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/base/worker_process.hpp"
#include "../../../core/score/components.hpp"
#include "../../../core/score/isolated.hpp"
#include "../plugin/plugin_folder.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;
using Catch::Matchers::Contains;

struct Scoring {
  plugin::test::Folder folder;
  std::unique_ptr<plugin::Host> host;
  config::DatasetConfig dataset = scored_set();

  Scoring() {
    folder.add_with_manifest("scorers");
    // what is not of the last folder, the installation's, is isolated
    host =
        std::make_unique<plugin::Host>(plugin::Registry::discover({{folder.path(), folder.path() / "installation"}}), nullptr);
    dataset.metrics = {{"fragile", "{}"}};
    dataset.filters = {{"none", {{"fragile_reader", "{}"}}}};
    dataset.attempt_limit_s = 0.5;
    worker_program() = std::getenv("SEXTANT_PROGRAM");
  }
  ~Scoring() { worker_program().clear(); }
  Result<ScoredSet> score(const std::vector<data::Attempt>& said, unsigned threads = 1) {
    return score_kept(dataset, said, {{"fragile", {}}}, make_reader(*host, dataset, config::Compat::none), threads);
  }
};

TEST_CASE("a component from elsewhere than the installation is isolated") {
  if (!plugin::test::ready()) return;
  Scoring scoring;
  CHECK(isolated_component(*scoring.host, scoring.dataset) == "postprocessor:fragile_reader");
  scoring.host = std::make_unique<plugin::Host>(plugin::Registry::discover({{scoring.folder.path()}}), nullptr);
  CHECK(isolated_component(*scoring.host, scoring.dataset).empty());
}

TEST_CASE("a sample that crashes, hangs or throws costs itself, in its metric as in its post-processor") {
  if (!plugin::test::ready()) return;
  Scoring scoring;
  const auto result = scoring.score(attempts({{"A", "\"A\""},
                                              {"crash", "\"A\""},
                                              {"B", "\"A\""},
                                              {"hang", "\"A\""},
                                              {"A", "\"A\""},
                                              {"throw", "\"A\""},
                                              {"post crash", "\"A\""},
                                              {"A", "\"A\""}}));
  REQUIRE(result);
  CHECK(result->failed == 4);
  const std::vector<double>& values = result->columns.front().values;
  for (const size_t right : {0, 4, 7}) CHECK(values[right] == 1);
  CHECK(values[2] == 0);
  for (const size_t failed : {1, 3, 5, 6}) CHECK(std::isnan(values[failed]));
  CHECK_THAT(result->readings[1][0].error->message, Contains("signal 11"));
  CHECK_THAT(result->readings[3][0].error->message, Contains("longer than 0.5 s"));
  CHECK_THAT(result->readings[5][0].error->message, Contains("cannot read 'throw'"));
  CHECK_THAT(result->readings[6][0].error->message, Contains("signal 11"));
  REQUIRE(result->error);
  CHECK_THAT(result->error->message, Contains("(sample 11)") && Contains("4 of 8 samples could not be scored"));
  // the aggregate is taken there, too, of what could be scored
  REQUIRE(result->numbers.size() == 2);
  CHECK(result->numbers[0].value == 3);
  CHECK(result->numbers[1].value == 4);
}

TEST_CASE("the numbers are those of the same components in this process") {
  if (!plugin::test::ready()) return;
  Scoring scoring;
  std::vector<data::Attempt> said;
  for (uint32_t repeat = 0; repeat < 2; ++repeat)
    for (uint64_t row = 0; row < 150; ++row) said.push_back(attempt(row, row % 3 ? "答案\n" : "A", "\"A\"", repeat));
  const auto apart = scoring.score(said, 2);
  scoring.host = std::make_unique<plugin::Host>(plugin::Registry::discover({{scoring.folder.path()}}), nullptr);
  const auto here = scoring.score(said);
  REQUIRE(apart);
  REQUIRE(here);
  CHECK(apart->results_sha256 == here->results_sha256);
  CHECK(samples_of(*apart) == samples_of(*here));
  CHECK(results_of(*apart, true) == results_of(*here, true));
}

TEST_CASE("a scorer that crashes on everything is given up") {
  if (!plugin::test::ready()) return;
  Scoring scoring;
  const auto result = scoring.score(attempts(std::vector<std::pair<std::string, std::string>>(30, {"crash", "\"A\""})));
  REQUIRE(result);
  CHECK(result->failed == 30);
  CHECK_THAT(result->readings[9][0].error->message, Contains("signal 11"));
  CHECK_THAT(result->readings[29][0].error->message, Contains("10 samples in a row"));
}

TEST_CASE("a component that cannot be made fails the whole set, with the component's own words") {
  if (!plugin::test::ready()) return;
  Scoring scoring;
  scoring.dataset.metrics = {{"fragile", R"({"beam": 3})"}};
  const auto result = scoring.score(attempts({{"A", "\"A\""}}));
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message, Contains("beam"));
}

}  // namespace
}  // namespace sextant::test
