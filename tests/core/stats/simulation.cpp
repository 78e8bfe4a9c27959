// How often intervals hold and tests err, by simulation with fixed seeds: prints grids, and exits with 1 where a number is not
// what docs/statistics.md says. The arguments are the number of runs a cell (default 400; tools/acceptance/statistics.sh:
// 10,000) and the parts to run (default: all).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <vector>
#include "../../../core/score/arena.hpp"
#include "../../../core/stats/bradley_terry.hpp"
#include "../../../core/stats/distributions.hpp"
#include "../../../core/stats/gate.hpp"
#include "../../../core/stats/paired.hpp"
#include "../../../core/stats/prediction_powered.hpp"
#include "../../../core/stats/resample.hpp"
#include "../../../core/stats/stream.hpp"

namespace {

using namespace sextant::stats;

int failures = 0;
uint64_t runs = 400;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  fmt::print("  NOT: {}\n", what);
}
// The share of runs in which `happens`, and the standard error of a share p of that many runs.
double share(uint64_t count, const std::function<bool(Stream&)>& happens, uint64_t key) {
  uint64_t times = 0;
  for (uint64_t run = 0; run < count; ++run) {
    Stream stream(key * 0x100000001B3 + run);
    times += happens(stream);
  }
  return static_cast<double>(times) / static_cast<double>(count);
}
double error_of(double p, uint64_t count) { return std::sqrt(p * (1 - p) / static_cast<double>(count)); }

double normal(Stream& stream) { return normal_quantile(std::clamp(stream.uniform(), 1e-15, 1 - 1e-15)); }

void wilson_coverage() {
  fmt::print("Wilson: exact coverage by the binomial distribution | simulated\n{:>6}", "n");
  const double ps[] = {0.05, 0.25, 0.5, 0.61, 0.9, 0.97};
  for (const double p : ps) fmt::print("  p={:<13}", p);
  fmt::print("  mean over 999 p\n");
  for (const uint64_t n : {20u, 60u, 200u, 1000u}) {
    std::vector<Interval> of(n + 1);
    for (uint64_t k = 0; k <= n; ++k) of[k] = wilson(static_cast<double>(k), static_cast<double>(n));
    const auto exact = [&](double p) {
      double sum = 0, before = 0;
      for (uint64_t k = 0; k <= n; ++k) {
        const double until = binomial_cdf(k, n, p);
        if (of[k].low <= p && p <= of[k].high) sum += until - before;
        before = until;
      }
      return sum;
    };
    fmt::print("{:>6}", n);
    for (const double p : ps) {
      const double coverage = exact(p);
      const double simulated = share(runs, [&](Stream& stream) {
        uint64_t k = 0;
        for (uint64_t i = 0; i < n; ++i) k += stream.uniform() < p;
        return of[k].low <= p && p <= of[k].high;
      }, n * 1000 + static_cast<uint64_t>(p * 100));
      fmt::print("  {:.4f} | {:.4f}", coverage, simulated);
      expect(std::abs(simulated - coverage) <= 3 * error_of(coverage, runs),
             fmt::format("simulated as exact at n = {}, p = {}", n, p));
    }
    double mean = 0;
    for (int i = 1; i < 1000; ++i) mean += exact(i / 1000.0) / 999;
    fmt::print("  {:.4f}\n", mean);
    expect(mean > 0.94 && mean < 0.96, fmt::format("mean coverage at n = {} is between 94 and 96 %", n));
  }
}

// Questions of a cluster share an offset; half of the variance lies between clusters.
void cluster_coverage() {
  fmt::print("\nClusters: coverage of the mean | of an interval that knows no clusters\n");
  for (const uint64_t clusters : {5u, 10u, 30u, 100u}) {
    std::vector<double> values;
    std::vector<uint32_t> ids;
    uint64_t naive = 0;
    const double covered = share(runs, [&](Stream& stream) {
      values.clear();
      ids.clear();
      for (uint32_t cluster = 0; cluster < clusters; ++cluster) {
        const double offset = normal(stream);
        for (uint64_t i = 0, size = 4 + stream.below(7); i < size; ++i) {
          values.push_back(offset + normal(stream));
          ids.push_back(cluster);
        }
      }
      const Interval plain = of_mean(values), robust = of_mean(values, ids);
      naive += plain.low <= 0 && 0 <= plain.high;
      return robust.low <= 0 && 0 <= robust.high;
    }, 77 + clusters);
    fmt::print("  {:>4} clusters of 4 to 10: {:.4f} | {:.4f}\n", clusters, covered,
               static_cast<double>(naive) / static_cast<double>(runs));
    const double slack = 3 * error_of(0.95, runs);
    if (clusters >= 30)
      expect(covered > 0.93 - slack && covered < 0.97 + slack, fmt::format("93 to 97 % with {} clusters", clusters));
  }
}

// A ratio of sums, as a perplexity over texts of different lengths is.
void bootstrap_coverage() {
  const uint64_t count = std::max<uint64_t>(100, runs / 10);
  fmt::print("\nBootstrap (BCa, 1000 replicates) and jackknife over 20 groups: coverage of a ratio of sums in {} runs\n",
             count);
  for (const uint64_t n : {60u, 200u}) {
    uint64_t jackknife = 0;
    const double covered = share(count, [&](Stream& stream) {
      std::vector<double> above, below;
      double a = 0, b = 0;
      for (uint64_t i = 0; i < n; ++i) {
        below.push_back(1 + std::floor(20 * stream.uniform()));
        above.push_back(below.back() * (2 + 0.5 * normal(stream)));
        a += above.back();
        b += below.back();
      }
      const auto ratio = [&](std::span<const uint32_t> units) {
        double x = 0, y = 0;
        for (const uint32_t unit : units) x += above[unit], y += below[unit];
        return x / y;
      };
      const uint64_t key = stream.bits();
      const Interval resampled = bootstrap(a / b, n, 1000, key, ratio), grouped = grouped_jackknife(a / b, n, 20, key, ratio);
      jackknife += grouped.low <= 2 && 2 <= grouped.high;
      return resampled.low <= 2 && 2 <= resampled.high;
    }, 5 + n);
    const double grouped = static_cast<double>(jackknife) / static_cast<double>(count);
    fmt::print("  n = {:>4}: {:.4f} | {:.4f}\n", n, covered, grouped);
    const double slack = 3 * error_of(0.95, count);
    if (n >= 200)
      for (const double one : {covered, grouped})
        expect(one > 0.93 - slack && one < 0.97 + slack, fmt::format("93 to 97 % with {} texts", n));
  }
}

void paired_tests() {
  fmt::print(
      "\nPaired tests at 5 %: how often they reject where both are equally good | where the second is 10 points better\n");
  struct Pair {
    uint64_t first_only = 0, second_only = 0;
    std::vector<double> differences;
    std::vector<uint32_t> clusters;
  };
  // one in five questions differs; clusters of four that differ together
  const auto draw = [](Stream& stream, uint64_t n, double better, bool together) {
    Pair out;
    double sign = 0;
    for (uint64_t i = 0; i < n; ++i) {
      const double u = stream.uniform();
      const double lone = u < 0.1 + better / 2 ? 1 : u < 0.2 ? -1 : 0;
      if (!together || i % 4 == 0) sign = lone;
      out.differences.push_back(together ? sign : lone);
      out.clusters.push_back(static_cast<uint32_t>(i / 4));
      out.second_only += out.differences.back() > 0;
      out.first_only += out.differences.back() < 0;
    }
    return out;
  };
  const double alpha = 0.05, most = alpha + 3 * error_of(alpha, runs);
  const auto line = [&](const char* name, const std::function<bool(const Pair&)>& rejects, bool together, uint64_t key) {
    const double null = share(runs, [&](Stream& s) { return rejects(draw(s, 200, 0, together)); }, key);
    const double power = share(runs, [&](Stream& s) { return rejects(draw(s, 200, 0.1, together)); }, key + 1);
    fmt::print("  {:<52} {:.4f} | {:.4f}\n", name, null, power);
    return null;
  };
  expect(line(
             "McNemar, exact, n = 200", [](const Pair& p) { return mcnemar_exact(p.first_only, p.second_only) <= 0.05; }, false,
             11) <= most,
         "McNemar");
  expect(line(
             "permutations, n = 200", [](const Pair& p) { return permutation_test(p.differences, {}, 3).p <= 0.05; }, false,
             13) <= most,
         "permutations");
  expect(line(
             "permutations of whole clusters, n = 200 in 50",
             [](const Pair& p) { return permutation_test(p.differences, p.clusters, 3).p <= 0.05; }, true, 15) <= most,
         "permutations of clusters");
  line(
      "(McNemar where clusters of four differ together)",
      [](const Pair& p) { return mcnemar_exact(p.first_only, p.second_only) <= 0.05; }, true, 17);
  expect(line("e-value, looked at after every 20 questions", [](const Pair& p) {
    for (size_t n = 20; n <= p.differences.size(); n += 20)
      if (e_value(std::span(p.differences).first(n), {}, 1) >= 20) return true;
    return false;
  }, false, 19) <= most, "the e-value");
}

void gates() {
  fmt::print("\nGates, margin 2 points, one in five questions differs: go / no-go / open\n");
  const auto draw = [](Stream& stream, double mean) {
    const double u = stream.uniform();
    return u < 0.1 + mean / 2 ? 1.0 : u < 0.2 ? -1.0 : 0.0;
  };
  const double alpha = 0.05, most = alpha / 2 + 3 * error_of(alpha / 2, runs);
  for (const double mean : {-0.12, -0.02, 0.0, 0.08}) {
    uint64_t fixed[3] = {}, ended[3] = {}, asked = 0;
    for (uint64_t run = 0; run < runs; ++run) {
      Stream stream(4242 + run * 7919 + static_cast<uint64_t>(std::abs(mean) * 1e6));
      Sequential sequential(0.02, 1);
      uint64_t up = 0, down = 0;
      constexpr uint64_t n = 1500;
      for (uint64_t i = 0; i < n; ++i) {
        const double d = draw(stream, mean);
        up += d > 0;
        down += d < 0;
        if (sequential.verdict() == Verdict::inconclusive) sequential.add(d);
      }
      ++fixed[static_cast<int>(decide(of_paired_proportions(down, up, n), 0.02).verdict)];
      ++ended[static_cast<int>(sequential.verdict())];
      asked += sequential.n();
    }
    const auto part = [](uint64_t count) { return static_cast<double>(count) / static_cast<double>(runs); };
    fmt::print(
        "  difference {:>6.1f}: 1500 questions {:.4f} / {:.4f} / {:.4f}; one after another {:.4f} / {:.4f} / {:.4f}, {:.0f} of "
        "1500 asked\n",
        100 * mean, part(fixed[0]), part(fixed[1]), part(fixed[2]), part(ended[0]), part(ended[1]), part(ended[2]),
        static_cast<double>(asked) / static_cast<double>(runs));
    // at the margin itself either answer is wrong
    if (mean > -0.025)
      expect(part(ended[1]) <= most && part(fixed[1]) <= most, "no-go in at most 2.5 % of gates that should go");
    if (mean < -0.015) expect(part(ended[0]) <= most && part(fixed[0]) <= most, "go in at most 2.5 % of gates that should not");
  }
}

// Three models, each pair in both orders before a judge that prefers the first place. What the intervals should hold is the fit
// to the expected shares.
void arena_coverage() {
  const uint64_t count = std::max<uint64_t>(40, runs / 5);
  const std::vector<std::string> models{"a", "b", "c"};
  const double strength[] = {0.5, 0, -0.4}, place = 0.7;
  const auto chance = [&](size_t first, size_t second, double bias) {
    return chance_of(strength[first] + bias, strength[second]);
  };
  std::vector<Game> games;
  double win_rate = 0;
  for (uint32_t i = 0; i < 3; ++i)
    for (uint32_t j = i + 1; j < 3; ++j) {
      games.push_back({i, j, (chance(i, j, place) + chance(i, j, -place)) / 2, 1});
      if (i == 0) win_rate += 50 * games.back().outcome;
    }
  const auto truth = bradley_terry(3, games, false, models);
  const double rating = elo_of(truth->of_player[0]);
  fmt::print("\nArenas of three models: coverage of the rating | of the win rate, in {} arenas\n", count);
  for (const uint64_t rows : {60u, 200u}) {
    uint64_t by_rate = 0;
    uint64_t number = 0;
    const double covered = share(count, [&](Stream& stream) {
      std::vector<sextant::score::PairVerdicts> pairs;
      for (size_t i = 0; i < 3; ++i)
        for (size_t j = i + 1; j < 3; ++j) {
          sextant::score::PairVerdicts& pair = pairs.emplace_back(sextant::score::PairVerdicts{i, j, {}, {}});
          for (uint64_t row = 0; row < rows; ++row) {
            pair.straight.push_back(stream.uniform() < chance(i, j, place));
            pair.swapped.push_back(stream.uniform() < chance(i, j, -place));
          }
        }
      const auto found = sextant::score::arena(models, pairs, {{}, {}, {}}, fmt::format("arena {}", number++));
      const auto& numbers = found.of_model[0];
      by_rate += numbers[0].low <= win_rate && win_rate <= numbers[0].high;
      return numbers[1].low <= rating && rating <= numbers[1].high;
    }, 4242 + rows);
    const double of_rate = static_cast<double>(by_rate) / static_cast<double>(count), slack = 3 * error_of(0.95, count);
    fmt::print("  {:>4} questions: {:.4f} | {:.4f}\n", rows, covered, of_rate);
    const double least = count >= 2000 ? 0.93 : 0.93 - slack, most = count >= 2000 ? 0.97 : 0.97 + slack;
    expect(covered > least && covered < most && of_rate > least && of_rate < most,
           fmt::format("93 to 97 % of arenas of {} questions", rows));
  }
}

// 50 labels and more of 350 samples that judges of different worth have rated.
void powered_coverage() {
  fmt::print("\nPrediction-powered means: coverage, and the width beside that of the labels alone\n");
  for (const uint64_t labels : {50u, 100u, 200u})
    for (const double right : {0.55, 0.75, 0.95}) {
      double width = 0, alone = 0;
      const double covered = share(runs, [&](Stream& stream) {
        std::vector<std::pair<double, double>> labelled;
        std::vector<double> judged;
        for (uint64_t i = 0; i < 350; ++i) {
          const double y = stream.uniform() < 0.6, f = stream.uniform() < right ? y : 1 - y;
          if (i < labels) labelled.emplace_back(y, f);
          else judged.push_back(f);
        }
        const PredictionPowered with = prediction_powered(labelled, judged), without = prediction_powered(labelled, {});
        width += with.high - with.low, alone += without.high - without.low;
        return with.low <= 0.6 && 0.6 <= with.high;
      }, labels * 100 + static_cast<uint64_t>(right * 100));
      fmt::print("  {:>4} labels, a judge right in {:.2f}: {:.4f}, {:.3f}\n", labels, right, covered, width / alone);
      const double slack = runs >= 2000 ? 0 : 3 * error_of(0.95, runs);
      expect(covered > 0.93 - slack && covered < 0.97 + slack, fmt::format("93 to 97 % with {} labels", labels));
      expect(width <= 1.005 * alone, "no wider than the labels alone");
    }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) runs = std::strtoull(argv[1], nullptr, 10);
  if (runs < 100) {
    fmt::print(stderr, "usage: {} [RUNS [PART...]], RUNS 100 or more\n", argv[0]);
    return 64;
  }
  fmt::print("{} runs a cell\n", runs);
  const std::pair<const char*, void (*)()> parts[] = {
      {"wilson", wilson_coverage}, {"clusters", cluster_coverage}, {"bootstrap", bootstrap_coverage}, {"paired", paired_tests},
      {"gates", gates},            {"arena", arena_coverage},      {"powered", powered_coverage}};
  for (const auto& [name, run] : parts)
    if (argc < 3 || std::any_of(argv + 2, argv + argc, [&](const char* wanted) { return std::string(wanted) == name; })) run();
  fmt::print("\n{}\n", failures == 0 ? "all as it should be" : fmt::format("{} numbers are not as they should be", failures));
  return failures == 0 ? 0 : 1;
}
