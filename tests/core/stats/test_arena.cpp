// Rankings from comparisons, agreement of raters and judges corrected by people, beside scipy, statsmodels, krippendorff and
// ppi-python: tests/golden/arena/make_arena_golden.py.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <sextant/json.hpp>
#include "../../../core/base/files.hpp"
#include "../../../core/stats/agreement.hpp"
#include "../../../core/stats/bradley_terry.hpp"
#include "../../../core/stats/length_controlled.hpp"
#include "../../../core/stats/prediction_powered.hpp"

namespace sextant::test {
namespace {
using namespace stats;

json::Document golden() {
  const auto text = read_file(SEXTANT_GOLDEN_DIR "/arena/arena.json");
  REQUIRE(text);
  auto parsed = json::parse(*text, "arena.json");
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::vector<std::string> names_of(size_t n) {
  std::vector<std::string> names;
  for (size_t i = 0; i < n; ++i) names.push_back(std::string(1, static_cast<char>('a' + i)));
  return names;
}

TEST_CASE("Bradley-Terry, with and without covariates, on 50 tournaments: scipy's maximum") {
  const json::Document all = golden();
  size_t count = 0;
  for (const auto& t : all["tournaments"].GetArray()) {
    std::vector<Game> games;
    for (const auto& g : t["games"].GetArray()) {
      Game game{g[0].GetUint(), g[1].GetUint(), g[2].GetDouble(), g[3].GetDouble()};
      for (rapidjson::SizeType i = 4; i < g.Size(); ++i) game.covariates.push_back(g[i].GetDouble());
      games.push_back(std::move(game));
    }
    CAPTURE(count);
    const auto found = bradley_terry(t["players"].GetUint(), games, false, names_of(6));
    REQUIRE(found);
    CHECK_FALSE(found->regularised);
    for (size_t i = 0; i < found->of_player.size(); ++i)
      CHECK(std::abs(found->of_player[i] - t["strengths"][static_cast<unsigned>(i)].GetDouble()) < 1e-6);
    for (size_t i = 0; i < found->of_covariate.size(); ++i)
      CHECK(std::abs(found->of_covariate[i] - t["slopes"][static_cast<unsigned>(i)].GetDouble()) < 1e-6);
    ++count;
  }
  CHECK(count == 50);
}

TEST_CASE("players that never met are refused by name; those that never lost are refused, or made finite and said to be") {
  const std::vector<Game> apart{{0, 1, 1}, {1, 0, 1}, {2, 3, 1}, {3, 2, 1}};
  const auto refused = bradley_terry(4, apart, true, names_of(4));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("connects a, b with c, d") != std::string::npos);

  const std::vector<Game> unbeaten{{0, 1, 1}, {0, 2, 1}, {1, 2, 1}, {2, 1, 1}};
  const auto infinite = bradley_terry(3, unbeaten, false, names_of(3));
  REQUIRE_FALSE(infinite);
  CHECK(infinite.error().message.find("no finite distance") != std::string::npos);
  const auto finite = bradley_terry(3, unbeaten, true, names_of(3));
  REQUIRE(finite);
  CHECK(finite->regularised);
  CHECK(finite->of_player[0] > 0.5);
  CHECK(finite->of_player[0] < 5);
  CHECK(std::abs(finite->of_player[1] - finite->of_player[2]) < 1e-9);
}

TEST_CASE("one game more of two: the log-odds of the share") {
  std::vector<Game> games(30, Game{0, 1, 1});
  games.resize(40, Game{1, 0, 1});
  const auto found = bradley_terry(2, games, false, names_of(2));
  REQUIRE(found);
  CHECK(found->of_player[0] - found->of_player[1] == Approx(std::log(3.0)));
  CHECK(chance_of(found->of_player[0], found->of_player[1]) == Approx(0.75));
  CHECK(elo_of(found->of_player[0]) - elo_of(found->of_player[1]) == Approx(400 * std::log10(3.0)));
}

TEST_CASE("a covariate that decides every game is refused") {
  std::vector<Game> games;
  for (int i = 0; i < 20; ++i)
    games.push_back(
        {static_cast<uint32_t>(i % 2), static_cast<uint32_t>((i + 1) % 2), i % 3 ? 1.0 : 0.0, 1, {i % 3 ? 1.0 : -1.0}});
  CHECK_FALSE(bradley_terry(2, games, true, names_of(2)));
}

TEST_CASE("kappas and alphas of 30 tables") {
  const json::Document all = golden();
  for (const auto& table : all["raters"].GetArray()) {
    std::vector<std::vector<std::string>> items, holes;
    std::vector<std::vector<double>> numbers;
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& item : table["items"].GetArray()) {
      items.emplace_back();
      for (const auto& verdict : item.GetArray()) items.back().push_back(verdict.GetString());
      pairs.emplace_back(items.back()[0], items.back()[1]);
    }
    for (const auto& item : table["holes"].GetArray()) {
      holes.emplace_back(), numbers.emplace_back();
      for (const auto& verdict : item.GetArray())
        holes.back().push_back(verdict.GetString()), numbers.back().push_back(verdict.GetString()[0]);
    }
    CHECK(cohen_kappa(pairs) == Approx(table["cohen"].GetDouble()).margin(1e-9));
    CHECK(fleiss_kappa(items) == Approx(table["fleiss"].GetDouble()).margin(1e-9));
    CHECK(krippendorff_alpha(holes) == Approx(table["alpha"].GetDouble()).margin(1e-9));
    CHECK(krippendorff_alpha(numbers) == Approx(table["alpha_interval"].GetDouble()).margin(1e-9));
  }
}

TEST_CASE("agreement is not defined where all verdicts are one, or of unequal numbers of raters") {
  CHECK(std::isnan(cohen_kappa(std::vector<std::pair<std::string, std::string>>{{"A", "A"}, {"A", "A"}})));
  CHECK(std::isnan(fleiss_kappa({{"A", "B"}, {"A"}})));
  CHECK(std::isnan(krippendorff_alpha(std::vector<std::vector<double>>{{1}, {2}})));
}

TEST_CASE("prediction-powered means beside ppi-python") {
  const json::Document all = golden();
  for (const auto& row : all["powered"].GetArray()) {
    std::vector<std::pair<double, double>> labelled;
    for (const auto& pair : row["labelled"].GetArray()) labelled.emplace_back(pair[0].GetDouble(), pair[1].GetDouble());
    std::vector<double> judged;
    for (const auto& value : row["judged"].GetArray()) judged.push_back(value.GetDouble());
    const PredictionPowered found = prediction_powered(labelled, judged);
    CHECK(found.lambda == Approx(row["lambda"].GetDouble()).margin(1e-12));
    CHECK(found.value == Approx(row["value"].GetDouble()).margin(1e-12));
    CHECK(found.standard_error == Approx(row["error"].GetDouble()).margin(1e-12));
  }
}

TEST_CASE("prediction-powered means of attempts: labels of one question count once, and what its attempts share is not forgotten") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform;
  constexpr int runs = 400, questions = 120, labelled_questions = 60, repeats = 4;
  int covered = 0, naive = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<std::pair<double, double>> labelled;
    std::vector<double> judged;
    std::vector<uint32_t> of_labelled, of_judged;
    for (uint32_t question = 0; question < questions; ++question) {
      const double right = uniform(random) < 0.5 ? 0.9 : 0.1;          // attempts of a question mostly end alike
      for (int repeat = 0; repeat < repeats; ++repeat) {
        const double person = uniform(random) < right, judge = uniform(random) < 0.85 ? person : 1 - person;
        // one attempt of a labelled question has no label
        if (question < labelled_questions && repeat > 0) labelled.emplace_back(person, judge), of_labelled.push_back(question);
        else judged.push_back(judge), of_judged.push_back(question);
      }
    }
    const auto found = prediction_powered(labelled, judged, of_labelled, of_judged), blind = prediction_powered(labelled, judged);
    CHECK(found.labels == labelled_questions);
    CHECK(found.value == blind.value);
    covered += found.low <= 0.5 && 0.5 <= found.high;
    naive += blind.low <= 0.5 && 0.5 <= blind.high;
  }
  CHECK(covered > 0.92 * runs);
  CHECK(naive < 0.9 * runs);                   // what it would be without clusters
  std::vector<std::pair<double, double>> one(60, {1, 1});
  one[0].first = 0;
  CHECK(std::isnan(prediction_powered(one, {}, std::vector<uint32_t>(60, 0)).low));      // one question's attempts
}

// liblinear stops at 1e-4, and how sklearn deals equal groups out to folds is not fixed, so that another penalty may be the best.
TEST_CASE("length-controlled win rates beside alpaca_eval's") {
  const auto text = read_file(SEXTANT_GOLDEN_DIR "/judges/length_controlled.json");
  REQUIRE(text);
  const auto all = json::parse(*text, "length_controlled.json");
  REQUIRE(all);
  for (const auto& one : all->GetArray()) {
    std::vector<LengthRow> rows;
    double mean = 0, squares = 0;
    const double n = one["own"].Size();
    for (const auto& own : one["own"].GetArray()) {
      rows.push_back({own["preference"].GetDouble(), own["base_length"].GetDouble() - own["model_length"].GetDouble(),
                      one["difficulty"][static_cast<unsigned>(rows.size())].GetDouble(), true});
      mean += rows.back().length / n;
    }
    for (const LengthRow& row : rows) squares += (row.length - mean) * (row.length - mean);
    for (LengthRow& row : rows) row.length /= std::sqrt(squares / (n - 1));
    for (const auto& gamed : one["gamed"].GetArray())
      rows.push_back({gamed[0].GetDouble(), gamed[1].GetDouble(), gamed[2].GetDouble(), false});
    const double theirs = one["length_controlled"].GetDouble();
    CHECK(std::abs(100 * length_controlled_rate(rows, one["penalty"].GetDouble()) - theirs) < 0.05);
    CHECK(std::abs(100 * length_controlled(rows).win_rate - theirs) < 0.6);
  }
}

TEST_CASE("a good judge narrows the interval, a useless one does not widen it; few labels give none") {
  std::mt19937_64 draw(7);
  const auto chance = [&](double p) { return static_cast<double>(draw() >> 11) * 0x1p-53 < p; };
  int covered = 0;
  double powered = 0, alone = 0;
  const int rounds = 1000;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::pair<double, double>> labelled;
    std::vector<double> judged, none;
    for (int i = 0; i < 460; ++i) {
      const double y = chance(0.6), f = chance(0.9) ? y : 1 - y;
      if (i < 60) labelled.emplace_back(y, f);
      else judged.push_back(f);
    }
    const PredictionPowered with = prediction_powered(labelled, judged), without = prediction_powered(labelled, none);
    covered += with.low <= 0.6 && 0.6 <= with.high;
    powered += with.high - with.low, alone += without.high - without.low;
  }
  CHECK(covered > 0.93 * rounds);
  CHECK(covered < 0.97 * rounds);
  CHECK(powered < 0.8 * alone);
  const std::vector<std::pair<double, double>> few(49, {1, 1});
  CHECK(std::isnan(prediction_powered(few, {}).low));
}

}  // namespace
}  // namespace sextant::test
