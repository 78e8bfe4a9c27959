// Sets with repeats: averages and deviations, the canonical lines, pass@k and G-Pass@k.
#include <catch2/catch.hpp>
#include <cmath>
#include <sextant/sha256.hpp>
#include "../../../core/stats/pass_at_k.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;
using Catch::Matchers::Contains;

// right[row] says which of the repeats are right: "101"
std::vector<data::Attempt> repeated(const std::vector<std::string>& right) {
  std::vector<data::Attempt> out;
  for (uint32_t repeat = 0; repeat < right.front().size(); ++repeat)
    for (uint64_t row = 0; row < right.size(); ++row)
      out.push_back(attempt(row, right[row][repeat] == '1' ? "A" : "B", "\"A\"", repeat));
  return out;
}
double number(const Scored& scored, const std::string& name) {
  for (const auto& number : scored.numbers)
    if (number.metric == name) return number.value;
  FAIL("there is no " << name);
  return 0;
}

TEST_CASE("each metric's mean and deviation over the repeats, named as OpenCompass names the mean") {
  const auto result = score_with(scored_set(), steps_of({exact()}), repeated({"101", "100", "101", "000"}));
  REQUIRE(result);
  CHECK_FALSE(result->error);
  REQUIRE(result->repeated.size() == 1);
  CHECK(result->repeated[0].runs == std::vector<double>{75, 0, 50});
  CHECK(number(*result, "accuracy (3 runs average)") == Approx(125.0 / 3));
  CHECK(number(*result, "accuracy (3 runs deviation)") ==
        Approx(std::sqrt((std::pow(75 - 125.0 / 3, 2) + std::pow(125.0 / 3, 2) + std::pow(50 - 125.0 / 3, 2)) / 2)));
  CHECK(result->numbers.front().metric == "accuracy (3 runs average)");  // what groups take
}

TEST_CASE("the hash has a line per row and repeat, with the repeat in it") {
  const auto said = repeated({"10", "11"});
  const auto result = score_with(scored_set(), steps_of({exact()}), said);
  REQUIRE(result);
  std::string lines;
  const double scores[] = {1, 1, 0, 1};
  for (size_t i = 0; i < 4; ++i) lines += canonical_line(said[i], scores[i], true);
  CHECK(result->results_sha256 == sha256_hex(lines));
}

TEST_CASE("pass@k and G-Pass@k of the rows' right attempts, averaged, as percentages, where the card asks") {
  config::DatasetConfig dataset = scored_set();
  dataset.pass_at = {1, 3, 5};
  dataset.g_pass_at.k = {4};
  dataset.g_pass_at.tau = {0.25, 0.5, 1};
  const auto result = score_with(dataset, steps_of({exact()}), repeated({"1100", "0000", "1111", "1010"}));
  REQUIRE(result);
  CHECK_FALSE(result->error);
  const uint64_t right[] = {2, 0, 4, 2};
  const auto mean = [&](auto&& of) { double sum = 0; for (const uint64_t c : right) sum += of(c); return 100 * sum / 4; };
  CHECK(number(*result, "pass@1") == Approx(mean([](uint64_t c) { return stats::pass_at_k(4, c, 1); })));
  CHECK(number(*result, "pass@1") == Approx(50));
  CHECK(number(*result, "pass@3") == Approx(75));
  CHECK(number(*result, "G-Pass@4_0.25") == Approx(75));
  CHECK(number(*result, "G-Pass@4_0.5") == Approx(75));
  CHECK(number(*result, "G-Pass@4_1.0") == Approx(25));
  CHECK(number(*result, "mG-Pass@4") == Approx(mean([](uint64_t c) { return stats::mg_pass_at_k(4, c, 4); })));
  for (const auto& one : result->numbers) CHECK(one.metric != "pass@5");  // there are but four attempts
}

TEST_CASE("pass@k of a metric between right and wrong is an error") {
  config::DatasetConfig dataset = scored_set();
  dataset.pass_at = {1};
  const auto result = score_with(dataset, steps_of({constant("f1", {{{"", 0.5}}, {}, {}})}), repeated({"10"}));
  REQUIRE(result);
  REQUIRE(result->error);
  CHECK(result->error->kind == Error::Kind::config);
  CHECK_THAT(result->error->message, Contains("\"pass_at\"") && Contains("f1"));
}

TEST_CASE("there is no pass@k of a metric of which less is better") {
  config::DatasetConfig dataset = scored_set();
  dataset.pass_at = {1, 2};
  const auto facts = facts_from_json(R"({"values":[{"name":"ter","higher_is_better":false}]})", "metric:ter");
  REQUIRE(facts);
  const auto result =
      score_with(dataset, steps_of({constant("ter", {{{"ter", 1}}, {}, {}})}), repeated({"10"}), 1, {{"ter", *facts}});
  REQUIRE(result);
  CHECK_FALSE(result->error);
  for (const auto& one : result->numbers) CHECK_FALSE(one.metric.starts_with("pass@"));
}

TEST_CASE("a metric's own aggregate is taken of each repeat apart") {
  MetricStep counting = exact();
  counting.aggregate = [](std::span<const Judged> samples,
                          std::span<const double> first) -> Result<std::optional<json::Document>> {
    double sum = 0;
    for (const double one : first) sum += one;
    SXT_TRY(auto document,
            json::parse("{\"right\":" + std::to_string(sum) + ",\"of\":" + std::to_string(samples.size()) + "}", ""));
    return std::optional<json::Document>(std::move(document));
  };
  const auto result = score_with(scored_set(), steps_of({counting}), repeated({"10", "11"}));
  REQUIRE(result);
  CHECK(result->repeated[0].runs == std::vector<double>{2, 1});
  CHECK(number(*result, "of (2 runs average)") == 2);
}

TEST_CASE("one repeat names nothing otherwise") {
  const auto result = score_with(scored_set(), steps_of({exact()}), repeated({"1", "0"}));
  REQUIRE(result);
  CHECK(result->numbers.size() == 1);
  CHECK(result->numbers[0].metric == "accuracy");
  CHECK_THAT(results_of(*result, true), !Contains("repeat"));
}

}  // namespace
}  // namespace sextant::test
