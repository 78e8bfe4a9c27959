// Filters, references and failures of single samples; the same bits whatever the threads; a process of its own.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <set>
#include <thread>
#include <mutex>
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;
using Catch::Matchers::Contains;

// joins the row's column "x", the texts of all attempts and which one this is
PostprocessorStep telling() {
  return {"telling", [](std::span<const Extract> items) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const Extract& item : items) {
              std::string all;
              for (const std::string& text : item.attempts) all += text + "|";
              out.push_back(std::string(item.record_json) + all + std::to_string(item.attempt));
            }
            return out;
          }};
}

TEST_CASE("post-processors run in order, and not on an attempt with labels") {
  const auto gen = score_with(scored_set(), steps_of({exact()}, {append("1"), append("2")}), attempts({{"A", "\"A12\""}}));
  REQUIRE(gen);
  CHECK(gen->readings[0][0].answer == "A12");
  CHECK(gen->numbers[0].value == 100);
  data::Attempt labelled = attempt(0, "A", "\"A\"");
  labelled.labels = {{"A", {}, -1, 1, -1}};
  const auto scored = score_with(scored_set("ppl"), steps_of({exact()}, {append("1")}), {labelled});
  REQUIRE(scored);
  CHECK(scored->readings[0][0].answer == "A");
  CHECK(scored->numbers[0].value == 100);
}

TEST_CASE("a post-processor sees the record and all attempts of its sample, as the one before it left them") {
  std::vector<data::Attempt> said = {attempt(0, "a", "\"x\""), attempt(1, "b", "\"x\""), attempt(0, "c", "\"x\"", 1),
                                     attempt(1, "d", "\"x\"", 1)};
  said[1].record_json = said[3].record_json = R"({"q":1})";
  const auto result = score_with(scored_set(), steps_of({exact()}, {append("!"), telling()}), said);
  REQUIRE(result);
  CHECK(result->readings[0][0].answer == "{}a!|c!|0");
  CHECK(result->readings[1][0].answer == R"({"q":1}b!|d!|0)");
  CHECK(result->readings[2][0].answer == "{}a!|c!|1");
  CHECK(result->readings[3][0].answer == R"({"q":1}b!|d!|1)");
}

TEST_CASE("the reference's post-processors work on the target: a text, each of a list, anything else as JSON") {
  struct Row { std::string target, becomes; };
  for (const Row& row :
       std::vector<Row>{{"\"A\"", "\"A1\""}, {R"(["a","b"])", R"(["a1","b1"])"}, {"[]", "[]"}, {"7", "\"71\""}}) {
    Steps steps = steps_of({exact()});
    steps.reference = {append("1")};
    const auto result = score_with(scored_set(), steps, {attempt(0, "A1", row.target)});
    REQUIRE(result);
    CHECK(result->readings[0][0].reference_json == row.becomes);
    CHECK_THAT(samples_of(*result), Contains("\"target\":" + row.target));
  }
}

TEST_CASE("a sample that fails one filter has its scores of the other") {
  Steps steps = steps_of({exact()}, {append("1")});
  steps.filters[0].name = "strict";
  steps.filters.push_back({"none", {}});
  steps.metrics = {constant("length", {{{"", 1}}, {}, {}})};
  const auto result = score_with(scored_set(), steps, attempts({{"boom", "\"A\""}, {"A", "\"A\""}}));
  REQUIRE(result);
  CHECK(result->failed == 1);
  CHECK(result->readings[0][0].error);
  CHECK_FALSE(result->readings[0][1].error);
  CHECK(std::isnan(result->columns[0].values[0]));
  CHECK(result->columns[1].values[0] == 1);
}

TEST_CASE("whatever the threads: the same bits, and every thread has a reader of its own") {
  std::vector<data::Attempt> said;
  for (uint32_t repeat = 0; repeat < 2; ++repeat)
    for (uint64_t row = 0; row < 700; ++row)
      said.push_back(attempt(row, row % 97 == 5 ? "boom" : std::to_string(row % 7), "\"3\"", repeat));
  const Steps steps = steps_of({exact(), constant("length", {{{"", 1.0 / 3}}, {}, {}})}, {telling()});
  const Steps plain = steps_of({exact(), constant("length", {{{"", 1.0 / 3}}, {}, {}})});
  for (const Steps& one : {steps, plain}) {
    const auto expected = score_with(scored_set(), one, said, 1);
    REQUIRE(expected);
    for (const unsigned threads : {2u, 3u, 8u}) {
      const auto result = score_with(scored_set(), one, said, threads);
      REQUIRE(result);
      CHECK(samples_of(*result) == samples_of(*expected));
      CHECK(results_of(*result, true) == results_of(*expected, true));
      CHECK(result->results_sha256 == expected->results_sha256);
    }
  }
  std::mutex mutex;
  std::set<std::thread::id> made;
  config::DatasetConfig dataset = scored_set();
  std::atomic<int> readers = 0;
  const auto result = score_kept(dataset, said, {{"accuracy", {}}, {"length", {}}}, [&]() -> Result<std::unique_ptr<Reader>> {
    ++readers;
    return std::unique_ptr<Reader>(std::make_unique<StepReader>(plain));
  }, 3);
  REQUIRE(result);
  CHECK(readers >= 1);
  CHECK(readers <= 3);
}

TEST_CASE("what cannot be made, or was cancelled, ends the scoring") {
  const auto failing = [](Error::Kind kind) {
    MetricStep step = exact();
    step.score = [kind](std::span<const Judged>) -> Result<std::vector<Verdict>> { return Error{kind, "no"}; };
    return steps_of({step});
  };
  const auto cancelled = score_with(scored_set(), failing(Error::Kind::cancelled), attempts({{"A", "\"A\""}}));
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().kind == Error::Kind::cancelled);
  const auto unmade =
      score_kept(scored_set(), attempts({{"A", "\"A\""}}), {{"accuracy", {}}}, []() -> Result<std::unique_ptr<Reader>> {
        return Error{Error::Kind::config, "cards/x.json: no such metric"};
      });
  REQUIRE_FALSE(unmade);
  CHECK(unmade.error().kind == Error::Kind::config);
}

}  // namespace
}  // namespace sextant::test
