// From attempts to numbers, the canonical hash and results/<model>/<task>.json.
#include <catch2/catch.hpp>
#include <cmath>
#include <sextant/sha256.hpp>
#include "../../../core/score/pair_scores.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;
using Catch::Matchers::Contains;
using Pairs = std::vector<std::pair<std::string, double>>;

TEST_CASE("the core's own number is the mean of the scores that there are, times 100") {
  const auto result = score_with(scored_set(), steps_of({exact()}), attempts({{"A", "\"A\""}, {"B", "\"A\""}, {"?", "\"A\""}}));
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"accuracy", 50}});
  REQUIRE(result->columns.size() == 1);
  CHECK(result->columns[0].values[1] == 0);
  CHECK(std::isnan(result->columns[0].values[2]));
  CHECK(result->failed == 0);
  CHECK_FALSE(result->error);
}

TEST_CASE("a metric's own numbers come as it names them; the first metric is in the details") {
  const auto result =
      score_with(scored_set(),
                 steps_of({constant("bleu", {{{"", 0.25}}, {}, {}}, R"({"bleu": 12.5, "brevity": 1, "note": null})"),
                           constant("length", {{{"", 3}}, {}, {}})}),
                 attempts({{"A", "\"A\""}}));
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"bleu", 12.5}, {"brevity", 1}, {"length", 300}});
  CHECK(result->columns.front().values[0] == 0.25);
}

TEST_CASE("all named values of a metric are kept, and all are rows") {
  const auto result =
      score_with(scored_set(), steps_of({constant("squad", {{{"f1", 0.5}, {"em", 1}}, "cat", "because"}), exact()}),
                 attempts({{"A", "\"A\""}}));
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"f1", 50}, {"em", 100}, {"accuracy", 100}});
  CHECK_THAT(samples_of(*result),
             Contains(R"("index":10,)") && Contains(R"("scores":{"f1":0.5,"em":1.0,"accuracy":1.0},)") &&
                 Contains(R"("metric_answers":{"f1":"cat","em":"cat"},"explanations":{"f1":"because","em":"because"},)"));
}

TEST_CASE("a declared order, direction and range of values") {
  const auto facts =
      facts_from_json(R"({"values":[{"name":"em"},{"name":"ter","higher_is_better":false,"range":[0,null]}]})", "metric:x");
  REQUIRE(facts);
  const auto result = score_with(scored_set(), steps_of({constant("x", {{{"ter", 2}, {"em", 1}}, {}, {}})}),
                                 attempts({{"A", "\"A\""}}), 1, {{"x", *facts}});
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"em", 100}, {"ter", 200}});
  CHECK_FALSE(result->numbers[1].higher_is_better);
  CHECK(result->columns[1].facts.low == 0);
  CHECK_FALSE(facts_from_json(R"({"values":[{}]})", "metric:x"));
  CHECK_FALSE(facts_from_json(R"({"values":[{"name":"a","range":[1]}]})", "metric:x"));
}

TEST_CASE("two metrics with one name are both kept") {
  const auto result = score_with(
      scored_set(),
      steps_of({constant("a", {{{"", 1}}, {}, {}}, R"({"f1": 1})"), constant("b", {{{"", 1}}, {}, {}}, R"({"f1": 2})")}),
      attempts({{"A", "\"A\""}}));
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"f1", 1}, {"b_f1", 2}});
  const auto values =
      score_with(scored_set(), steps_of({constant("a", {{{"f1", 1}}, {}, {}}), constant("b", {{{"f1", 0}}, {}, {}})}),
                 attempts({{"A", "\"A\""}}));
  REQUIRE(values);
  CHECK(numbers(*values) == Pairs{{"f1", 100}, {"b_f1", 0}});
  CHECK(values->columns[1].key == "b_f1");
}

TEST_CASE("several filters: each has its answers and scores; the first one is shown") {
  Steps steps = steps_of({exact()}, {append("1")});
  steps.filters[0].name = "strict";
  steps.filters.push_back({"flexible", {}});
  const auto said = attempts({{"A", "\"A\""}, {"B", "\"B1\""}, {"C", "\"C\""}});
  const auto result = score_with(scored_set(), steps, said);
  REQUIRE(result);
  REQUIRE(numbers(*result).size() == 2);
  CHECK(result->numbers[0].metric == "accuracy,strict");
  CHECK(result->numbers[0].value == Approx(100.0 / 3));
  CHECK(result->numbers[1].metric == "accuracy,flexible");
  CHECK(result->numbers[1].value == Approx(200.0 / 3));
  CHECK(result->readings[1][0].answer == "B1");
  CHECK(result->readings[1][1].answer == "B");
  CHECK(result->results_sha256 ==
        sha256_hex(canonical_line(said[0], 0, false) + canonical_line(said[1], 1, false) + canonical_line(said[2], 0, false)));
}

TEST_CASE("a split without answers has no score, and the message says what to do") {
  for (const std::string target : {"\"\"", "null"}) {
    const auto result = score_with(scored_set(), steps_of({exact()}), attempts({{"A", "\"A\""}, {"A", target}}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == Error::Kind::data);
    CHECK_THAT(result.error().message,
               Contains("1 of 2 rows of the split 'val' of ceval-law have no answer in 'answer'") && Contains("-m infer"));
  }
  config::DatasetConfig judged_by_record = scored_set();
  judged_by_record.output_column.clear();
  CHECK(score_with(judged_by_record, steps_of({constant("constraints", {{{"", 1}}, {}, {}})}), attempts({{"A", "\"\""}})));
}

TEST_CASE("a sample that fails its scorer costs itself, is named and counted") {
  const auto said = attempts({{"A", "\"A\""}, {"B", "\"A\""}, {"boom", "\"A\""}});
  const auto metric = score_with(scored_set(), steps_of({exact(), exact("second")}), said);
  REQUIRE(metric);
  REQUIRE(metric->error);
  CHECK(metric->error->kind == Error::Kind::internal);
  CHECK(metric->error->message == "metric:accuracy threw: boom (sample 12)");
  CHECK(metric->failed == 1);
  CHECK(numbers(*metric) == Pairs{{"accuracy", 50}, {"second", 50}});
  CHECK(metric->results_sha256.empty());
  const auto postprocessor = score_with(scored_set(), steps_of({constant("length", {{{"", 1}}, {}, {}})}, {append("1")}), said);
  REQUIRE(postprocessor);
  REQUIRE(postprocessor->error);
  CHECK(postprocessor->error->message == "postprocessor:append failed (sample 12)");
  CHECK(std::isnan(postprocessor->columns[0].values[2]));
  CHECK(postprocessor->columns[0].values[0] == 1);
  const auto many =
      score_with(scored_set(), steps_of({exact()}), attempts({{"boom", "\"A\""}, {"A", "\"A\""}, {"boom", "\"A\""}}));
  REQUIRE(many);
  CHECK(many->error->message == "metric:accuracy threw: boom (sample 10); 2 of 3 samples could not be scored");
}

TEST_CASE("what cannot be scored is an error, never a number") {
  const auto two = attempts({{"?", "\"A\""}, {"?", "\"A\""}});
  const auto none = score_with(scored_set(), steps_of({}), two);
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == Error::Kind::config);
  CHECK_THAT(none.error().message, Contains("cards/ceval_gen.json"));
  const auto twice = score_with(scored_set(), steps_of({exact()}), {attempt(0, "A", "\"A\""), attempt(3, "A", "\"A\""), attempt(3, "A", "\"A\"")});
  REQUIRE_FALSE(twice);
  CHECK_THAT(twice.error().message, Contains("hold row 3 more than once"));
  const auto empty = score_with(scored_set(), steps_of({exact()}), {});
  REQUIRE_FALSE(empty);
  CHECK_THAT(empty.error().message, Contains("no predictions"));
  const MetricStep too_many{
      "long", [](std::span<const Judged>) -> Result<std::vector<Verdict>> { return std::vector<Verdict>(3); }, no_aggregate};
  struct Row { std::vector<MetricStep> metrics; std::string says; };
  for (const Row& row : std::vector<Row>{{{exact()}, "metric:accuracy gave no score for any sample"},
                                         {{too_many}, "metric:long gave 3 results for 1 sample"},
                                         {{constant("x", {{{"", 1}}, {}, {}}, "{}")}, "metric:x gave no number"},
                                         {{constant("x", {{{"", 1}}, {}, {}}, "[1]")}, "metric:x gave no number"}}) {
    const auto result = score_with(scored_set(), steps_of(row.metrics), two);
    REQUIRE(result);
    REQUIRE(result->error);
    CHECK(result->error->kind == Error::Kind::internal);
    CHECK_THAT(result->error->message, Contains(row.says));
    CHECK(result->numbers.empty());
  }
}

TEST_CASE("the canonical line and the hash of docs/files.md") {
  data::Attempt said = attempt(3, "B", "\"B\"");
  said.labels = {{"A", {}, 0, 0, 3.6676000356674194}, {"B", {}, 0, 0, 0.025}};
  CHECK(canonical_line(said, 1, false) ==
        "{\"index\":3,\"labels\":[{\"label\":\"A\",\"value\":3.6676000356674194},{\"label\":\"B\",\"value\":0."
        "025000000000000001}],\"prediction\":\"B\",\"score\":1}\n");
  CHECK(sha256_hex(canonical_line(said, 1, false)) == "d799da24744fd20116cb43a813dbad695ff8f5f1cd3a790ec135516d3e331f7c");
  CHECK(canonical_line(attempt(0, "答案\n", "\"\""), nan_score, false) ==
        "{\"index\":0,\"labels\":[],\"prediction\":\"答案\\n\",\"score\":null}\n");
  CHECK(canonical_line(attempt(4, "x", "\"x\"", 2), 0.5, true) ==
        "{\"index\":4,\"labels\":[],\"prediction\":\"x\",\"repeat\":2,\"score\":0.5}\n");
  const auto result = score_with(scored_set("ppl"), steps_of({exact()}), {said});
  REQUIRE(result);
}

TEST_CASE("the choices of a scored set stand beside the metric, named as lm-eval names them") {
  const auto labelled = [](uint64_t row, const std::string& said, const std::string& choices) {
    data::Attempt out = attempt(row, said, "\"B\"");
    out.labels = {{"A", {}, -1, 1, -1}, {"B", {}, -2, 2, -2}};
    out.extra_json = choices;
    return out;
  };
  const auto result = score_with(scored_set("loglikelihood"), steps_of({exact()}),
                                 {labelled(0, "A", R"({"choices":{"sum":"A","char":"B","byte":"A","token":"B"}})"),
                                  labelled(1, "B", R"({"choices":{"sum":"B","char":"B","byte":"A","token":"A"}})")});
  REQUIRE(result);
  CHECK(numbers(*result) == Pairs{{"accuracy", 50}, {"acc", 50}, {"acc_norm", 100}, {"acc_bytes", 0}, {"acc_token", 50}});
  CHECK(result->columns[2].values == std::vector<double>{1, 1});
}

TEST_CASE("f1 and mcc over pairs, and their standard errors, are lm-eval 0.4.13's") {
  const std::vector<score::Pair> two{{1, 1}, {0, 1}, {1, 0}, {0, 0}, {1, 1}, {1, 1}, {0, 0}, {1, 0}, {0, 1}},
      three{{0, 0}, {1, 2}, {2, 2}, {1, 1}, {0, 2}};
  const auto f1 = *PairScore::make({"f1", "f1"}), mcc = *PairScore::make({"mcc", "mcc"});
  CHECK(*f1.of(two) == Approx(0.6));
  CHECK(f1.standard_error(two, 2, 1000) == Approx(0.1953211421637467).epsilon(1e-12));
  CHECK(*mcc.of(two) == Approx(0.1));
  CHECK(mcc.standard_error(two, 1, 1000) == Approx(0.35977428369880643).epsilon(1e-12));
  CHECK(*mcc.of(three) == Approx(0.5345224838248488));
  CHECK(mcc.standard_error(three, 1, 1000) == Approx(0.26142378729739796).epsilon(1e-12));
  CHECK_THAT(f1.of(three).error().message, Contains("f1 is that of option 1 of two"));
  CHECK(*f1.of(std::vector<score::Pair>{{0, 0}}) == 0);
  const auto own = PairScore::make({"f1", "function", "def f(items):\n    return len(items) / 2\n", "f"});
  REQUIRE(own);
  CHECK(*own->of(two) == 4.5);
}

TEST_CASE("results: numbers are rows; what is not a row stands below; details say right or wrong, or a score") {
  const auto result = score_with(scored_set(), steps_of({exact()}), attempts({{"A", "\"A\""}, {"?", "2"}}));
  REQUIRE(result);
  const auto out = json::parse(results_of(*result, true), "results");
  REQUIRE(out);
  CHECK(json::find_number(*out, "accuracy") == 100);
  size_t direct = 0;
  for (const auto& member : out->GetObject()) direct += member.value.IsNumber();
  CHECK(direct == 1);
  CHECK(json::write((*out)["details"]) ==
        R"([{"index":10,"pred":"A","answer":"A","correct":true},{"index":11,"pred":"?","answer":2}])");
  CHECK_FALSE(json::find(*json::parse(results_of(*result, false), "results"), "details"));
  const auto graded = score_with(scored_set(), steps_of({constant("f1", {{{"", 0.5}}, {}, {}})}), attempts({{"A", "\"A\""}}));
  CHECK_THAT(results_of(*graded, true), Contains("\"score\": 0.5"));
}

}  // namespace
}  // namespace sextant::test
