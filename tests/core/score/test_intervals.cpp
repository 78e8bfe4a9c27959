// Which interval a set's numbers have: alone, in clusters, with repeats, over the whole set.
#include <catch2/catch.hpp>
#include <cmath>
#include "../../../core/stats/interval.hpp"
#include "scoring.hpp"

namespace sextant::test {
namespace {
using namespace score;

const data::Estimate& estimate(const Scored& scored, const std::string& name) {
  for (const auto& number : scored.numbers)
    if (number.metric == name) return number;
  FAIL("there is no " << name);
  std::abort();
}
// right[i] says whether attempt i is right; cluster[i], where given, what it belongs to
std::vector<data::Attempt> marked(const std::string& right, const std::string& cluster = "", uint32_t repeat = 0) {
  std::vector<data::Attempt> out;
  for (size_t i = 0; i < right.size(); ++i) {
    out.push_back(attempt(i, right[i] == '1' ? "A" : std::string(1, right[i]), "\"A\"", repeat));
    if (!cluster.empty() && cluster[i] != ' ') out.back().cluster = std::string(1, cluster[i]);
  }
  return out;
}

TEST_CASE("right or wrong has Wilson's interval, in the table's unit; what has no score is not counted") {
  const auto result = score_with(scored_set(), steps_of({exact()}), marked("1101?0"));
  REQUIRE(result);
  const data::Estimate& number = estimate(*result, "accuracy");
  const stats::Interval expected = stats::wilson(3, 5);
  CHECK(number.n == 5);
  CHECK(number.method == "wilson");
  CHECK(number.low == Approx(100 * expected.low));
  CHECK(number.high == Approx(100 * expected.high));
  CHECK(number.standard_error == Approx(100 * std::sqrt(0.6 * 0.4 / 4)));
  const auto results = json::parse(results_of(*result, false), "results");
  REQUIRE(results);
  const json::Value& written = (*results)["estimates"]["accuracy"];
  CHECK(written["n"].GetUint() == 5);
  CHECK(written["low"].GetDouble() == number.low);
  CHECK(written["higher_is_better"].GetBool());
  CHECK_FALSE(written.HasMember("clusters"));
}

TEST_CASE("samples of one cluster count together, in whatever order threads meet them") {
  for (const unsigned threads : {1u, 3u}) {
    const auto result = score_with(scored_set(), steps_of({exact()}), marked("111000", "aabbc "), threads);
    REQUIRE(result);
    const data::Estimate& number = estimate(*result, "accuracy");
    const stats::Interval expected =
        stats::of_mean(std::vector<double>{1, 1, 1, 0, 0, 0}, std::vector<uint32_t>{0, 0, 1, 1, 2, 3});
    CHECK(number.method == "clustered");
    CHECK(number.clusters == 4);
    CHECK(number.low == 100 * expected.low);
    CHECK(number.high == 100 * expected.high);
  }
}

TEST_CASE("asking a question again does not make more questions") {
  std::vector<data::Attempt> said;
  for (uint32_t repeat = 0; repeat < 4; ++repeat)
    for (const auto& one : marked("110000", "", repeat)) said.push_back(one);
  const auto result = score_with(scored_set(), steps_of({exact()}), said);
  REQUIRE(result);
  const data::Estimate& number = estimate(*result, "accuracy (4 runs average)");
  CHECK(number.n == 6);
  CHECK(number.low == Approx(100 * stats::wilson(2, 6).low));
  CHECK(estimate(*result, "accuracy (4 runs deviation)").method.empty());
  CHECK(result->repeated[0].components.within == 0);
  CHECK(result->repeated[0].components.between > 0);
}

TEST_CASE("a metric's own number over the set has a bootstrap, unless it is the mean of its value") {
  MetricStep own = exact();
  own.aggregate = [](std::span<const Judged> samples, std::span<const double> first) -> Result<std::optional<json::Document>> {
    double sum = 0;
    for (const double one : first) sum += one;
    const double mean = sum / static_cast<double>(samples.size());
    SXT_TRY(auto document,
            json::parse(
                "{\"accuracy\":" + std::to_string(100 * mean) + ",\"square\":" + std::to_string(100 * mean * mean) + "}", ""));
    return std::optional<json::Document>(std::move(document));
  };
  std::string right;
  for (int i = 0; i < 100; ++i) right += i % 2 ? '1' : '0';
  const auto result = score_with(scored_set(), steps_of({own}), marked(right));
  REQUIRE(result);
  CHECK(estimate(*result, "accuracy").method == "wilson");
  const data::Estimate& square = estimate(*result, "square");
  CHECK(square.method == "bootstrap");
  CHECK(square.n == 100);
  CHECK(square.standard_error == Approx(100 * 2 * 0.5 * 0.05).margin(0.6));  // by the delta method
  CHECK(square.low > 13);
  CHECK(square.high < 38);
  const auto again = score_with(scored_set(), steps_of({own}), marked(right));
  CHECK(estimate(*again, "square").low == square.low);
}

TEST_CASE("a perplexity over a set has a bootstrap over its texts; a set of one text has none") {
  config::DatasetConfig dataset = scored_set("rolling");
  dataset.output_column.clear();
  std::vector<data::Attempt> said;
  for (uint64_t i = 0; i < 60; ++i) {
    said.push_back(attempt(i, "", "\"\""));
    const double words = 10 + static_cast<double>(i % 7), logprob = -words * (2 + 0.1 * static_cast<double>(i % 5));
    said.back().extra_json = "{\"word_perplexity\":" + std::to_string(std::exp(-logprob / words)) +
                             ",\"logprob\":" + std::to_string(logprob) + ",\"words\":" + std::to_string(words) + "}";
  }
  const auto result = score_with(dataset, steps_of({}), said);
  REQUIRE(result);
  const data::Estimate& number = estimate(*result, "word_perplexity");
  CHECK(number.method == "bootstrap");
  CHECK_FALSE(number.higher_is_better);
  CHECK(number.low < number.value);
  CHECK(number.value < number.high);
  CHECK(number.high - number.low < 1);
  const auto one = score_with(dataset, steps_of({}), {said[0]});
  REQUIRE(one);
  CHECK(estimate(*one, "word_perplexity").method.empty());
}

}  // namespace
}  // namespace sextant::test
