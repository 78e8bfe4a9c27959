// Paired comparisons: which questions go together, which test is taken, what is refused; gates over several data sets.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/compare/best.hpp"
#include "../../../core/compare/gate.hpp"
#include "../../../core/compare/robustness.hpp"
#include "../../../core/stats/paired.hpp"
#include "../../../core/stats/stream.hpp"

namespace sextant::test {
namespace {
using namespace compare;
using Catch::Matchers::Contains;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// questions "0", "1", ... with those values
Answers answers(const std::vector<double>& values, const std::string& dataset = "law", bool higher = true) {
  Answers out;
  out.where = "run, model";
  out.dataset = dataset;
  out.metrics = {"accuracy"};
  out.facts = {{higher, none, none, 100}};
  for (size_t i = 0; i < values.size(); ++i)
    out.questions.push_back({std::to_string(i), "p" + std::to_string(i), i, "", {values[i]}, 1});
  return out;
}
std::vector<double> flips(size_t both, size_t first, size_t second, bool of_first) {
  std::vector<double> out(both, 1);
  for (size_t i = 0; i < first + second; ++i) out.push_back((i < first) == of_first ? 1 : 0);
  return out;
}

TEST_CASE("the own order of options: what has an order of its own is left out, and p holds where no order is special") {
  const auto question = [](std::vector<double> logprob, std::vector<std::string> options) {
    return Ordered{std::move(logprob), std::move(options)};
  };
  const std::vector<std::string> words{"tea", "milk", "rum"};
  const auto seen =
      own_order_of({question({-1, -2, -3}, words), question({-5, -9, -7}, words), question({-2, -2, -3}, words),
                    question({-1, -2, -3}, {"12 kg", "$7", "-3"}), question({-1, -2, -3}, {"tea", "milk", "All of the above"}),
                    question({-1, -2, -3}, {"茶", "水", "以上都对"})});
  CHECK(seen.n == 3);
  CHECK(seen.first == 2);  // of equal ones none is first
  CHECK(seen.left_out == 3);
  CHECK(seen.orders == 3);
  CHECK(std::abs(seen.p - (3 * 2.0 / 27 + 1.0 / 27)) < 1e-12);
  CHECK(own_order_of({}).n == 0);
  CHECK(own_order_of({question({-3, -3, -3 - 1e-12}, words)}).n == 0);  // the options are not in the texts
  stats::Stream stream(17);
  int rejected = 0;
  constexpr int runs = 2000;
  for (int run = 0; run < runs; ++run) {
    std::vector<Ordered> null;
    for (int i = 0; i < 60; ++i)
      null.push_back(question({stream.uniform(), stream.uniform(), stream.uniform(), stream.uniform()}, words));
    rejected += own_order_of(null).p <= 0.05;
  }
  CHECK(rejected <= 0.05 * runs + 3 * std::sqrt(0.05 * 0.95 * runs));
  CHECK(rejected > 0);
}

TEST_CASE("the best of several models is one that beats each other one by more than chance") {
  const std::vector<double> good(40, 1), bad(40, 0);
  std::vector<double> nearly(40, 1);
  nearly[0] = nearly[1] = 0;
  const Answers g = answers(good), n = answers(nearly), b = answers(bad);
  CHECK(best_of(std::vector{b, g}) == std::optional<size_t>(1));
  CHECK(best_of(std::vector{b, g, b}) == std::optional<size_t>(1));
  CHECK_FALSE(best_of(std::vector{g, n}));  // two flips of forty
  CHECK_FALSE(best_of(std::vector{b, g, n}));
  CHECK_FALSE(best_of(std::vector{g, g}));
  CHECK_FALSE(best_of(std::vector{g}));
  CHECK_FALSE(best_of(std::vector{g, answers({0, 0, 0})}));  // other questions
  CHECK(best_of(std::vector{answers(good, "x", false), answers(bad, "x", false)}) ==
        std::optional<size_t>(1));  // less is better
}

TEST_CASE("flips name the rows of both sides and who is better") {
  Answers a = answers({1, 0, 1}), b = answers({0, 1, 1});
  std::reverse(b.questions.begin(), b.questions.end());
  const auto result = compare::compare(a, b, "", false);
  REQUIRE(result);
  REQUIRE(result->flips.size() == 2);
  CHECK((result->flips[0].a == 0 && result->flips[0].b == 0 && !result->flips[0].b_is_better));
  CHECK((result->flips[1].a == 1 && result->flips[1].b == 1 && result->flips[1].b_is_better));
}

TEST_CASE("questions are paired by content, whatever their order") {
  Answers a = answers({1, 1, 0, 0}), b = answers({1, 0, 0, 1});
  std::reverse(b.questions.begin(), b.questions.end());
  const auto result = compare::compare(a, b, "", false);
  REQUIRE(result);
  CHECK(result->n == 4);
  CHECK(result->a_only == 1);
  CHECK(result->b_only == 1);
  CHECK(result->difference.value == 0);
}

TEST_CASE("a question that comes twice goes with its like in order; without rows prompts decide") {
  Answers a = answers({1, 0}), b = answers({1, 0});
  for (Answers* one : {&a, &b}) one->questions[0].content = one->questions[1].content = "same";
  REQUIRE(compare::compare(a, b, "", false));
  CHECK(compare::compare(a, b, "", false)->a_only == 0);
  a = answers({1, 0});
  a.questions[0].content.clear();
  b = answers({1, 0});
  b.questions[0].content = "another row, the same prompt";
  CHECK(pair_up(a, b).pairs.size() == 2);
}

TEST_CASE("rows that another program read into other columns are paired without derived ones, then by prompt") {
  Answers a = answers({1, 0}), b = answers({0, 1});
  for (size_t i = 0; i < 2; ++i) {
    a.questions[i].content = "mine" + std::to_string(i);
    a.questions[i].raw = b.questions[i].content = b.questions[i].raw = "row" + std::to_string(1 - i);
    b.questions[i].asked = "other" + std::to_string(i);
  }
  CHECK(pair_up(a, b).pairs.empty());
  b.imported = true;
  REQUIRE(pair_up(a, b).pairs.size() == 2);
  CHECK(pair_up(a, b).pairs[0].b == 0);
  b.questions[0].raw = "another row", b.questions[1].raw = "and another";
  CHECK(pair_up(a, b).pairs.empty());
  b.questions[1].asked = a.questions[0].asked;
  REQUIRE(pair_up(a, b).pairs.size() == 1);
  CHECK(pair_up(a, b).pairs[0].b == 1);
}

TEST_CASE("other questions are refused with their numbers, unless those in common are asked for") {
  const Answers a = answers({1, 1, 1, 1}), b = answers({0, 0, 0});
  const auto refused = compare::compare(a, b, "", false);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("1 of 4") && Contains("0 of 3") && Contains("--common") && Contains("the 3"));
  REQUIRE(compare::compare(a, b, "", true));
  CHECK(compare::compare(a, b, "", true)->n == 3);
  Answers others = answers({1, 1});
  for (Question& question : others.questions) question.content += "x";
  CHECK_FALSE(compare::compare(a, others, "", true));
  CHECK_THAT(compare::compare(a, b, "acuracy", false).error().message, Contains("accuracy"));
}

TEST_CASE("right and wrong alone is McNemar's; clusters and other values are permuted; no score leaves a question out") {
  const Answers a = answers(flips(20, 2, 9, true)), b = answers(flips(20, 2, 9, false));
  const auto plain = compare::compare(a, b, "", false);
  REQUIRE(plain);
  CHECK(plain->test == "mcnemar");
  CHECK(plain->p == Approx(stats::mcnemar_exact(2, 9)));
  CHECK(plain->difference.value == Approx(700.0 / 31));
  CHECK(plain->difference.low < plain->difference.value);
  CHECK(plain->e_value > 1);
  Answers clustered = b;
  for (size_t i = 0; i < clustered.questions.size(); ++i) clustered.questions[i].cluster = std::to_string(i / 2);
  const auto whole = compare::compare(a, clustered, "", false);
  REQUIRE(whole);
  CHECK(whole->test == "permutation");
  CHECK(whole->difference.clusters == 16);
  Answers halves = b;
  halves.questions[0].values[0] = 0.5;
  halves.questions[1].values[0] = none;
  const auto repeats = compare::compare(a, halves, "", false);
  REQUIRE(repeats);
  CHECK(repeats->test == "permutation");
  CHECK(repeats->n == 30);
  CHECK(repeats->left_out == 1);
  CHECK(std::isnan(repeats->e_value));   // no range is declared
}

TEST_CASE("where less is better, flips and gates are turned") {
  const auto result =
      compare::compare(answers(flips(0, 0, 40, true), "law", false), answers(flips(0, 0, 40, false), "law", false), "", false);
  REQUIRE(result);
  CHECK(result->difference.value == 100);
  CHECK(result->a_only == 40);
  Report report;
  report.comparisons = {*result};
  const auto gate = compare::decide(report, 1);
  REQUIRE(gate);
  CHECK(gate->verdict == stats::Verdict::no_go);
  CHECK_THAT(to_line(*gate), Catch::Matchers::StartsWith("no-go: accuracy of law -100.00 [") &&
                                 Catch::Matchers::Contains("less is better of accuracy: + means that it fell"));
}

TEST_CASE("one data set that is much worse is a no-go, however good the others are") {
  Report report;
  report.b.model = "a<b&\"c\"";
  report.comparisons = {
      *compare::compare(answers(flips(500, 0, 400, true), "good"), answers(flips(500, 0, 400, false), "good"), "", false),
      *compare::compare(answers(flips(20, 40, 0, true), "bad"), answers(flips(20, 40, 0, false), "bad"), "", false)};
  adjust(report.comparisons);
  const auto gate = compare::decide(report, 1);
  REQUIRE(gate);
  CHECK(gate->difference.value > 0);
  CHECK(gate->verdict == stats::Verdict::no_go);
  CHECK_THAT(to_line(*gate), Contains("margin: bad"));
  CHECK_THAT(to_junit(report, *gate), Contains("failures=\"2\"") && Contains("a&lt;b&amp;&quot;c&quot;") && !Contains("a<b"));
  report.comparisons.pop_back();
  CHECK(compare::decide(report, 1)->verdict == stats::Verdict::go);
  CHECK_FALSE(compare::decide(Report(), 1));
  report.comparisons.push_back(report.comparisons[0]);
  report.comparisons.back().unit = 1;
  CHECK_FALSE(compare::decide(report, 1));
}

TEST_CASE("JSON has the promised members, and finite numbers alone") {
  Report report;
  report.comparisons = {*compare::compare(answers({0.5, 0.5}), answers({0.5, 0.5}), "", false)};
  report.refused = {{"logic", "other questions"}};
  const auto out = json::parse(to_json(std::vector<Report>{report}), "json");
  REQUIRE(out);
  const json::Value& pair = (*out)["pairs"][0];
  for (const char* name :
       {"dataset", "metric", "n", "a", "b", "difference", "low", "high", "p", "p_adjusted", "mde", "a_only", "b_only"}) {
    CAPTURE(name);
    CHECK(pair.HasMember(name));
  }
  CHECK(pair["low"].IsNull());   // two equal differences of unknown range say nothing
  CHECK((*out)["comparisons"][0]["refused"][0]["dataset"] == "logic");
}

}  // namespace
}  // namespace sextant::test
