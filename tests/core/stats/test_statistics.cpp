// Intervals and tests beside scipy and statsmodels (tests/golden/statistics), and the edges that tables do not have.
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <sextant/json.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/stats/distributions.hpp"
#include "../../../core/stats/divergence.hpp"
#include "../../../core/stats/gate.hpp"
#include "../../../core/stats/interval.hpp"
#include "../../../core/stats/lm_eval_error.hpp"
#include "../../../core/stats/paired.hpp"
#include "../../../core/stats/rank_sum.hpp"
#include "../../../core/stats/resample.hpp"
#include "../../../core/stats/stream.hpp"
#include "../../../core/stats/variants.hpp"

namespace sextant::test {
namespace {
using namespace stats;

const json::Document& golden() {
  static const json::Document document = [] {
    const auto text = read_file(SEXTANT_GOLDEN_DIR "/statistics/statistics.json");
    REQUIRE(text);
    auto parsed = json::parse(*text, "statistics.json");
    REQUIRE(parsed);
    return *std::move(parsed);
  }();
  return document;
}
template <class T> std::vector<T> list(const json::Value& array) {
  std::vector<T> out;
  for (const auto& value : array.GetArray()) out.push_back(static_cast<T>(value.GetDouble()));
  return out;
}
bool near(double found, const json::Value& expected) {
  return std::abs(found - expected.GetDouble()) <= 1e-9 * std::max(1.0, std::abs(expected.GetDouble()));
}

TEST_CASE("variants of the same questions: components are those of least squares, p is Cochran's") {
  for (const auto& table : golden()["variants"].GetArray()) {
    std::vector<std::vector<double>> values;
    for (const auto& variant : table["values"].GetArray()) values.push_back(list<double>(variant));
    const VariantSpread spread = variant_spread(values);
    CHECK(spread.questions == values[0].size());
    CHECK(spread.means.size() == values.size());
    CHECK(std::abs(spread.between - table["between"].GetDouble()) < 1e-7);  // a root of what may be near 0
    CHECK(near(spread.question_by_variant, table["question_by_variant"]));
    CHECK(std::abs(spread.between_questions - table["between_questions"].GetDouble()) < 1e-7);
    if (table.HasMember("p") && spread.changed > 0) CHECK(near(spread.p, table["p"]));
  }
  const VariantSpread same = variant_spread({{0, 1, 1}, {0, 1, 1}});
  CHECK(same.changed == 0);
  CHECK(same.p == 1);
  CHECK(same.between == 0);
  const VariantSpread holes = variant_spread({{0, 1, not_known}, {1, 1, 1}});  // a question without a score in one of them
  CHECK(holes.questions == 2);
  CHECK(holes.changed == 1);
  CHECK(variant_spread({}).questions == 0);
  CHECK(binomial_upper(0, 10, 0.25) == 1);
  CHECK(std::abs(binomial_upper(10, 10, 0.25) - std::pow(0.25, 10)) < 1e-15);
}

TEST_CASE("100 random tables: means, Wilson, t, clusters, McNemar and permutations are those of scipy and statsmodels") {
  size_t tables = 0, permutations = 0;
  for (const auto& table : golden()["tables"].GetArray()) {
    CAPTURE(tables++);
    const auto values = list<double>(table["values"]), other = list<double>(table["other"]);
    const auto clusters = list<uint32_t>(table["clusters"]);
    const Interval alone = of_mean(values);
    CHECK(near(alone.value, table["mean"]));
    CHECK(near(alone.standard_error, table["standard_error"]));
    CHECK(alone.n == values.size());
    const json::Value& limits = table.HasMember("wilson") ? table["wilson"] : table["t"];
    CHECK(alone.method == (table.HasMember("wilson") ? Method::wilson : Method::t));
    CHECK(near(alone.low, limits[0]));
    CHECK(near(alone.high, limits[1]));
    const double spread = *std::max_element(values.begin(), values.end()) - *std::min_element(values.begin(), values.end());
    const Interval together = of_mean(values, clusters);
    if (table.HasMember("clustered") && together.method == Method::clustered && spread > 0) {
      CHECK(near(together.standard_error, table["clustered"]["standard_error"]));
      CHECK(near(together.low, table["clustered"]["low"]));
      CHECK(near(together.high, table["clustered"]["high"]));
    }
    std::vector<double> differences;
    uint64_t first_only = 0, second_only = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      differences.push_back(other[i] - values[i]);
      first_only += values[i] > other[i];
      second_only += values[i] < other[i];
    }
    if (table.HasMember("mcnemar")) CHECK(near(mcnemar_exact(first_only, second_only), table["mcnemar"]));
    if (!table.HasMember("permutation")) continue;
    ++permutations;
    const Permutation test = permutation_test(differences, {}, 1);
    CHECK(test.exact);
    CHECK(near(test.p, table["permutation"]));
    if (table.HasMember("mcnemar")) CHECK(near(test.p, table["mcnemar"]));  // of 0 and 1 both are one test
  }
  CHECK(tables == 100);
  CHECK(permutations > 40);
}

TEST_CASE("Holm, quantiles and the limits of a bootstrap are those of statsmodels and scipy") {
  for (const auto& one : golden()["holm"].GetArray()) {
    const auto adjusted = holm(list<double>(one["p"]));
    for (size_t i = 0; i < adjusted.size(); ++i) CHECK(near(adjusted[i], one["adjusted"][static_cast<rapidjson::SizeType>(i)]));
  }
  for (const auto& one : golden()["quantiles"].GetArray()) {
    CHECK(near(normal_quantile(one["p"].GetDouble()), one["normal"]));
    CHECK(near(student_quantile(one["p"].GetDouble(), one["degrees"].GetDouble()), one["student"]));
    CHECK(near(student_two_sided(std::abs(normal_quantile(one["p"].GetDouble())) + 1, one["degrees"].GetDouble()),
               one["two_sided"]));
  }
  size_t bootstraps = 0;
  for (const auto& table : golden()["tables"].GetArray()) {
    if (!table.HasMember("bootstrap")) continue;
    const auto values = list<double>(table["values"]);
    const double sum = std::accumulate(values.begin(), values.end(), 0.0), n = static_cast<double>(values.size());
    std::vector<double> without;
    for (const double value : values) without.push_back((sum - value) / (n - 1));
    for (const auto& one : table["bootstrap"].GetArray()) {
      const auto replicates = list<double>(one["replicates"]);
      const Limits limits =
          json::text(one["method"]) == "BCa" ? bca_limits(replicates, sum / n, without) : percentile_limits(replicates);
      CHECK(near(limits.low, one["low"]));
      CHECK(near(limits.high, one["high"]));
      ++bootstraps;
    }
  }
  CHECK(bootstraps == 12);
}

TEST_CASE("divergences of choices and changes of probabilities are scipy's and numpy's") {
  for (const auto& one : golden()["divergences"].GetArray()) {
    const auto p_logs = list<double>(one["p_logs"]), q_logs = list<double>(one["q_logs"]), p = softmax(p_logs);
    CHECK(near(kl_divergence(p_logs, q_logs), one["kl"]));
    for (size_t i = 0; i < p.size(); ++i) CHECK(near(p[i], one["p"][static_cast<rapidjson::SizeType>(i)]));
    std::vector<double> shifted = p_logs;
    for (double& log : shifted) log -= 700;  // where exp() alone is 0
    CHECK(kl_divergence(p_logs, shifted) == Approx(0).margin(1e-12));
    CHECK(near(kl_divergence(shifted, q_logs), one["kl"]));
  }
  for (const auto& one : golden()["changes"].GetArray()) {
    const Changes changes = changes_of(list<double>(one["values"]));
    CHECK(near(changes.mean, one["mean"]));
    CHECK(near(changes.root_mean_square, one["rms"]));
    CHECK(near(changes.low, one["low"]));
    CHECK(near(changes.high, one["high"]));
  }
  CHECK(kl_divergence({}, {}) == 0);
  CHECK(softmax({}).empty());
  CHECK(std::isnan(changes_of({}).mean));
  constexpr double never = -std::numeric_limits<double>::infinity();
  CHECK(std::isinf(kl_divergence(std::vector{0.0, 0.0}, std::vector{0.0, never})));
  CHECK(kl_divergence(std::vector{0.0, never}, std::vector{0.0, 0.0}) == Approx(std::log(2)));
}

TEST_CASE("the edges of a mean's interval") {
  const double gap = std::nan("");
  CHECK_FALSE(of_mean({}).known());
  CHECK(of_mean(std::vector<double>{1}).known());                      // Wilson has something to say of one
  CHECK(of_mean(std::vector<double>{1}).low == Approx(0.2065).margin(1e-4));
  CHECK_FALSE(of_mean(std::vector<double>{0.5}).known());
  CHECK(of_mean(std::vector<double>{0.5}).value == 0.5);
  CHECK_FALSE(of_mean(std::vector<double>{1, 0, 1}, std::vector<uint32_t>{0, 0, 0}).known());   // one cluster
  const Interval right = of_mean(std::vector<double>{1, 1, 1, gap, 1});
  CHECK(right.n == 4);
  CHECK(right.high == 1);
  CHECK(right.low == Approx(wilson(4, 4).low));
  const Interval none = of_mean(std::vector<double>(10, 0.0));
  CHECK(none.low == 0);
  CHECK(none.high == Approx(0.2775).margin(1e-4));
  // everything right in each of three documents is as much as three questions say
  const Interval documents = of_mean(std::vector<double>{1, 1, 1, 1, 1, 1}, std::vector<uint32_t>{0, 0, 1, 1, 2, 2});
  CHECK(documents.clusters == 3);
  CHECK(documents.low == Approx(wilson(3, 3).low));
  // clusters of one question each are no clusters
  CHECK(of_mean(std::vector<double>{1, 0, 1}, std::vector<uint32_t>{2, 0, 1}).method == Method::wilson);
  // limits do not leave the range of a value
  CHECK(of_mean(std::vector<double>{0.9, 1, 1, 0.1}, {}, {0, 1}).high == 1);
  CHECK(of_mean(std::vector<double>{0.9, 1, 1, 0.1}).high > 1);
}

TEST_CASE("a group's interval adds its members' up in squares, each side by itself") {
  const std::vector<Interval> members{wilson(30, 60), wilson(60, 60)};
  const Interval group = of_average(members, std::vector<double>{1, 1});
  CHECK(group.value == Approx(0.75));
  CHECK(group.n == 120);
  CHECK(group.standard_error == Approx(members[0].standard_error / 2));
  CHECK(group.high == Approx(0.75 + (members[0].high - 0.5) / 2));   // nothing is above 1
  CHECK(group.low < 0.75 - (0.5 - members[0].low) / 2);
  CHECK(of_average(members, std::vector<double>{3, 1}).value == Approx(0.625));
  CHECK_FALSE(of_average(std::vector<Interval>{members[0], Interval()}, std::vector<double>{1, 1}).known());
}

TEST_CASE("repeats and questions vary apart") {
  // questions differ by 0 and 1, attempts by nothing; then the other way round
  const Components questions = components({{1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {0, 0, 0}});
  CHECK(questions.within == 0);
  CHECK(questions.between == Approx(std::sqrt(1.0 / 3)));
  const Components attempts = components({{1, 0}, {0, 1}, {1, 0}});
  CHECK(attempts.between == 0);
  CHECK(attempts.within == Approx(std::sqrt(0.5)));
  CHECK(std::isnan(components({{1, 0}}).within));
}

TEST_CASE("whole clusters flip") {
  const std::vector<double> differences{1, 1, 1, 1};
  CHECK(permutation_test(differences, {}, 0).p == Approx(2.0 / 16));
  CHECK(permutation_test(differences, std::vector<uint32_t>{0, 0, 1, 1}, 0).p == Approx(2.0 / 4));
  CHECK(permutation_test(differences, std::vector<uint32_t>{0, 0, 0, 0}, 0).p == 1);
  CHECK(permutation_test(std::vector<double>{0, 0, std::nan("")}, {}, 0).p == 1);
  // drawn patterns come near the exact test, and are the same each time
  std::vector<double> many(30, 1.0);
  std::fill(many.begin(), many.begin() + 8, -1.0);
  const Permutation drawn = permutation_test(many, {}, 7);
  CHECK_FALSE(drawn.exact);
  CHECK(drawn.p == Approx(mcnemar_exact(8, 22)).margin(0.003));
  CHECK(drawn.p == permutation_test(many, {}, 7).p);
}

TEST_CASE("paired proportions: few flips do not make a sure difference") {
  const Interval same = of_paired_proportions(0, 0, 60);
  CHECK(same.value == 0);
  CHECK(same.low < -0.03);
  CHECK(same.high == Approx(-same.low));
  const Interval three = of_paired_proportions(1, 3, 60);
  CHECK(three.value == Approx(2.0 / 60));
  CHECK(three.low < 0);
  CHECK(mcnemar_exact(0, 0) == 1);
  CHECK(mcnemar_exact(0, 6) == Approx(2.0 / 64));
  CHECK(mcnemar_exact(3, 3) == 1);
}

TEST_CASE("an e-value grows with evidence alone, and whole clusters are one bet") {
  CHECK(e_value({}, {}, 1) == 1);
  CHECK(e_value(std::vector<double>(200, 0.0), {}, 1) == Approx(1));
  CHECK(e_value(std::vector<double>(20, 1.0), {}, 1) > 1000);
  CHECK(e_value(std::vector<double>(20, 1.0), std::vector<uint32_t>(20, 0), 1) < 2);
  // of 0 and 1: 2^n B(b + 1, c + 1), the closed form of the same average
  std::vector<double> mixed(10, 1.0);
  mixed[0] = mixed[1] = -1;
  CHECK(e_value(mixed, {}, 1) == Approx(std::pow(2, 10) * std::tgamma(3) * std::tgamma(9) / std::tgamma(12)).epsilon(1e-3));
  CHECK(std::isnan(e_value(mixed, {}, INFINITY)));
}

TEST_CASE("a gate goes, stops, or says how many questions it lacks") {
  const auto interval = [](double value, double half, uint64_t n) {
    Interval out;
    out.value = value;
    out.standard_error = half / 1.96;
    out.low = value - half;
    out.high = value + half;
    out.n = n;
    out.method = Method::t;
    return out;
  };
  CHECK(decide(interval(0.5, 1, 100), 1).verdict == Verdict::go);
  CHECK(decide(interval(-3, 1, 100), 1).verdict == Verdict::no_go);
  const Decision open = decide(interval(0, 2, 100), 1);
  CHECK(open.verdict == Verdict::inconclusive);
  REQUIRE(open.more);
  CHECK(*open.more == Approx(100 * std::pow(2.8016 * 2 / 1.96, 2) - 100).margin(2));
  CHECK_FALSE(decide(interval(-1, 2, 100), 1).more);   // exactly the margin: no number tells
  CHECK(decide(Interval(), 1).verdict == Verdict::inconclusive);

  Sequential better(0.01, 1), worse(0.01, 1), same(0.3, 1);
  for (int i = 0; i < 300; ++i) {
    better.add(i % 4 == 0 ? 1 : 0);
    worse.add(i % 4 == 0 ? -1 : 0);
    same.add(0);
  }
  CHECK(better.verdict() == Verdict::go);
  CHECK(worse.verdict() == Verdict::no_go);
  CHECK(same.verdict() == Verdict::go);
  CHECK(Sequential(0.01, 1).verdict() == Verdict::inconclusive);
}

TEST_CASE("variants of clusters change places together") {
  // ten questions, in clusters of five that always agree: two observations, not ten
  std::vector<std::vector<double>> values(2, std::vector<double>(10));
  for (size_t q = 0; q < 10; ++q) values[1][q] = 1;
  const std::vector<uint32_t> clusters{0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
  CHECK(variant_spread(values).p < 0.01);
  CHECK(variant_spread(values, clusters, 1).p == Approx(0.5).margin(0.05));  // two of four patterns are as far apart
  CHECK(variant_spread({{1, 1, 0}, {1, 1, 0}}, std::vector<uint32_t>{0, 0, 1}, 1).p == 1);
  // where clusters of three are alike, the test of single questions rejects far too often
  Stream stream(7);
  int plain = 0, clustered = 0;
  constexpr int runs = 150;
  for (int run = 0; run < runs; ++run) {
    std::vector<std::vector<double>> made(3, std::vector<double>(45));
    std::vector<uint32_t> of(45);
    for (size_t q = 0; q < 45; ++q)
      for (size_t v = 0; v < 3; ++v) {
        of[q] = static_cast<uint32_t>(q / 3);
        made[v][q] = q % 3 == 0 ? static_cast<double>(stream.below(2)) : made[v][q - 1];
      }
    plain += variant_spread(made).p < 0.05;
    clustered += variant_spread(made, of, static_cast<uint64_t>(run)).p < 0.05;
  }
  CHECK(plain > runs / 10);
  CHECK(clustered <= runs * 0.05 + 3 * std::sqrt(runs * 0.05 * 0.95));
}

TEST_CASE("the rank-sum test is scipy's") {  // mannwhitneyu(a, b, method="asymptotic", use_continuity=True)
  const std::vector<double> a{1, 2, 3, 4.5, 6, 7, 7, 9}, b{0, 1, 2, 2, 3, 5, 7};
  CHECK(rank_sum(a, b).above == Approx(0.7142857142857143).epsilon(1e-12));
  CHECK(rank_sum(a, b).p == Approx(0.1793008982115698).epsilon(1e-9));
  CHECK(rank_sum(b, a).p == Approx(0.1793008982115698).epsilon(1e-9));
  const std::vector<double> c{5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, d{1, 2, 3, 4, 5.5, 6.5, 7.5, 0, -1, 2.5};
  CHECK(rank_sum(c, d).above == Approx(0.94).epsilon(1e-12));
  CHECK(rank_sum(c, d).p == Approx(0.0010079762403767444).epsilon(1e-9));
  CHECK(rank_sum(std::vector<double>{1, 1, 1}, std::vector<double>{1, 1}).p == 1);
}

TEST_CASE("the standard errors that lm-eval 0.4.13 bootstraps") {
  const std::vector<double> items{0, 1, 1, 0, 1, 0.5, 0.25}, logs{-1, -2, -3, -0.5};
  const auto mean = [](const std::vector<double>& of) {
    return [&of](std::span<const uint32_t> places) {
      double sum = 0;
      for (const uint32_t place : places) sum += of[place];
      return sum / static_cast<double>(places.size());
    };
  };
  CHECK(lm_eval_error(7, 100, mean(items)) == Approx(0.1603193801408059).epsilon(1e-12));
  CHECK(lm_eval_error(7, 1000, mean(items)) == Approx(0.16659785534823385).epsilon(1e-12));
  CHECK(lm_eval_error(7, 2500, mean(items), 3) == Approx(0.16281371211896703).epsilon(1e-12));   // 2000 draws
  const auto perplexity = [&](std::span<const uint32_t> places) { return std::exp(-mean(logs)(places)); };
  CHECK(lm_eval_error(4, 1000, perplexity) == Approx(2.8838900572405524).epsilon(1e-12));
  CHECK(std::isnan(lm_eval_error(1, 1000, perplexity)));
}

}  // namespace
}  // namespace sextant::test
