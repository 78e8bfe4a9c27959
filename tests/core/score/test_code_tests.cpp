#include <catch2/catch.hpp>
#include "../../../core/score/code_tests.hpp"
#include "../../../core/score/components.hpp"
#include "../../../core/score/own_metrics.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;
using Catch::Matchers::Contains;

Result<CodeTests> read_tests(const std::string& config, config::Compat compat = config::Compat::none) {
  return CodeTests::read(*json::parse(config, "test"), compat, "card.json");
}
constexpr const char* whole =
    R"json({"program": "{prompt}{prediction}", "prepare": "{prompt}", "tests": "{test}\ncheck({entry})", "names": "{entry} other", "limit_s": 4,
  "data": ["inputs"], "trim": true, "equality": "python", "memory_mb": 300,
  "opencompass": {"tests": "{test}", "equality": "types", "trim": false, "limit_s": 3}})json";
constexpr const char* row =
    R"({"prompt": "def f():\n", "test": "t {prediction}", "entry": "f", "inputs": [1, 2], "prediction": "the column is not meant"})";

}  // namespace

TEST_CASE("code_tests: a row and a prediction become a job") {
  const auto tests = read_tests(whole);
  REQUIRE(tests);
  const auto job = tests->job_of({"  return {entry}", "\"gold\"", row});
  REQUIRE(job);
  CHECK(job->program == "def f():\n  return {entry}");  // a program's own braces are its own
  CHECK(job->prepare == "def f():\n");
  CHECK(job->tests == "t {prediction}\ncheck(f)");
  CHECK(job->names == std::vector<std::string>{"f", "other"});
  CHECK(job->data_json == R"({"inputs":[1,2]})");
  CHECK((job->trim && !job->types));
  CHECK(job->limits.cpu_s == 4);
  CHECK(job->limits.memory_mb == 300);
}

TEST_CASE("code_tests: what is otherwise in OpenCompass' way") {
  for (const auto compat : {config::Compat::opencompass, config::Compat::opencompass_0_2_4}) {
    const auto job = read_tests(whole, compat)->job_of({"x", "1", row});
    REQUIRE(job);
    CHECK(job->tests == "t {prediction}");
    CHECK((!job->trim && job->types));
    CHECK(job->limits.cpu_s == 3);
  }
  CHECK(read_tests(whole, config::Compat::lm_eval)->limits.cpu_s == 4);
}

TEST_CASE("code_tests: what is refused") {
  CHECK_THAT(read_tests(R"json({"tests": "assert f()"})json").error().message, Contains("card.json") && Contains("\"names\""));
  const auto tests = read_tests(R"({"tests": "{tset}", "names": "f"})");
  REQUIRE(tests);
  const auto job = tests->job_of({"", "1", R"({"test": ""})"});
  REQUIRE(!job);
  CHECK_THAT(job.error().message, Contains("'tset'") && Contains("did you mean 'test'"));
  CHECK(job.error().kind == Error::Kind::data);
  CHECK(read_tests(R"({"tests": "x = {tset}", "names": "f", "literal": ["tset"]})")->job_of({"", "1", "{}"})->tests ==
        "x = {tset}");
  CHECK(!read_tests(R"({"tests": "", "names": "f", "data": ["rows"]})")->job_of({"", "1", "{}"}));
}

TEST_CASE("code_tests: verdicts") {
  using sandbox::Outcome;
  struct Case {
    Outcome outcome;
    double pass, timeout;
    const char* said;
  };
  for (const Case& c : {Case{Outcome::passed, 1, 0, ""},
                        {Outcome::wrong, 0, 0, "wrong answer: why"},
                        {Outcome::failed, 0, 0, "failed: why"},
                        {Outcome::timed_out, 0, 1, "timeout: why"},
                        {Outcome::memory, 0, 0, "failed: why"}}) {
    const auto verdict = verdict_of(sandbox::Verdict{c.outcome, c.outcome == Outcome::passed ? "" : "why", {}, 0, 0, 0, false});
    REQUIRE(verdict);
    CHECK(verdict->values == std::vector<std::pair<std::string, double>>{{"pass", c.pass}, {"timeout", c.timeout}});
    CHECK(verdict->explanation == c.said);
  }
  // no verdict on the program: no score
  CHECK(verdict_of(sandbox::Verdict{Outcome::untestable, "why", {}, 0, 0, 0, false}).error().kind == Error::Kind::data);
  CHECK(!verdict_of(sandbox::Verdict{Outcome::broken, "why", {}, 0, 0, 0, false}));
  CHECK(!verdict_of(Error{Error::Kind::internal, "why"}));
}

TEST_CASE("code_tests: is a metric of the core, and its set one that runs programs") {
  const OwnMetric* metric = find_own_metric("code_tests");
  REQUIRE(metric);
  CHECK(!find_own_metric("accuracy"));
  const auto values = facts_from_json(metric->facts, "facts");
  REQUIRE(values);
  CHECK((values->front().name == "pass" && values->front().high == 1));
  CHECK(!make_own_metric(*metric, {"code_tests", R"({"tests": "x", "names": "f", "nmaes": "g"})"}, config::Compat::none,
                         "card.json"));
  CHECK(make_own_metric(*metric, {"code_tests", R"({"tests": "x", "names": "f"})"}, config::Compat::none, "card.json"));
  config::DatasetConfig dataset = scored_set();
  CHECK(!runs_programs(dataset));
  dataset.metrics = {{"code_tests", "{}"}};
  CHECK(runs_programs(dataset));
}

}  // namespace sextant::test
