#include "arena.hpp"
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <fmt/format.h>
#include "../stats/bradley_terry.hpp"
#include "../stats/mean.hpp"
#include "../stats/resample.hpp"
#include "../stats/stream.hpp"
#include "intervals.hpp"

namespace sextant::score {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr uint64_t replicates = 1000, replicates_of_length = 200;
constexpr size_t rows_for_length = 20;

struct Counted {
  double sum = 0, n = 0;
  void add(double value) {
    if (!std::isnan(value)) sum += value, ++n;
  }
  double mean() const { return n > 0 ? sum / n : nan; }
};

data::Estimate estimate(std::string metric, const stats::Interval& interval) {
  data::Estimate out;
  out.metric = std::move(metric);
  out.value = interval.value;
  set_interval(out, interval);
  return out;
}

// The rows of each cluster.
std::vector<std::vector<uint32_t>> units_of(size_t rows, const Clusters& clusters) {
  std::vector<std::vector<uint32_t>> out(clusters.empty() ? rows : 0);
  for (uint32_t row = 0; row < rows; ++row) {
    const size_t unit = clusters.empty() ? row : clusters[row];
    if (unit >= out.size()) out.resize(unit + 1);
    out[unit].push_back(row);
  }
  std::erase_if(out, [](const std::vector<uint32_t>& unit) { return unit.empty(); });
  return out;
}

stats::Interval win_rate(const std::vector<PairVerdicts>& pairs, size_t model, size_t rows, size_t against,
                         const Clusters& clusters) {
  std::vector<double> by_row(rows, nan);
  for (size_t row = 0; row < rows; ++row) {
    Counted counted;
    for (const PairVerdicts& pair : pairs) {
      const size_t other = pair.first == model ? pair.second : pair.first;
      if ((pair.first != model && pair.second != model) || (against != SIZE_MAX && other != against)) continue;
      const double first = share_of(pair, row);
      counted.add(pair.first == model ? first : 1 - first);
    }
    by_row[row] = counted.mean();
  }
  stats::Interval out = stats::of_mean(by_row, clusters, {0, 1});
  // rows that are all alike, as where each order names the other answer, have no spread to go by: at most that of games won or
  // lost
  if (out.standard_error == 0) {
    const stats::Interval seen = out;
    const auto alone = static_cast<double>(seen.clusters > 0 ? seen.clusters : seen.n);
    out = stats::wilson(seen.value * alone, alone);
    out.n = seen.n, out.clusters = seen.clusters;
  }
  return stats::scaled(out, 100);
}

// One game a pair: all rows of a selection added up.
std::vector<stats::Game> games_of(const std::vector<PairVerdicts>& pairs, std::span<const uint32_t> rows) {
  std::vector<stats::Game> games;
  for (const PairVerdicts& pair : pairs) {
    Counted counted;
    for (const uint32_t row : rows) counted.add(share_of(pair, row));
    if (counted.n > 0)
      games.push_back({static_cast<uint32_t>(pair.first), static_cast<uint32_t>(pair.second), counted.mean(), counted.n});
  }
  return games;
}

using Numbers = std::vector<double>;  // one a model, or none where they cannot be ranked; further numbers may stand behind them

// The ratings that games give, and what their covariates count.
Numbers rated(const std::vector<std::string>& models, const std::vector<stats::Game>& games) {
  if (games.empty()) return {};
  auto found = stats::bradley_terry(static_cast<uint32_t>(models.size()), games, true, models);
  if (!found) return {};
  for (double& strength : found->of_player) strength = stats::elo_of(strength);
  found->of_player.insert(found->of_player.end(), found->of_covariate.begin(), found->of_covariate.end());
  return std::move(found->of_player);
}

// All models' ratings of one selection of rows.
Numbers ratings(const std::vector<std::string>& models, const std::vector<PairVerdicts>& pairs,
                std::span<const uint32_t> rows) {
  return rated(models, games_of(pairs, rows));
}

// How two models' answers to a row differ.
using Difference = std::function<std::vector<double>(const PairVerdicts& pair, uint32_t row)>;

// Ratings where answers do not differ, and behind them what each difference moves: one game a row and pair.
Numbers at_equal(const std::vector<std::string>& models, const std::vector<PairVerdicts>& pairs, const Difference& difference,
                 std::span<const uint32_t> rows) {
  std::vector<stats::Game> games;
  for (const PairVerdicts& pair : pairs)
    for (const uint32_t row : rows) {
      const double first = share_of(pair, row);
      if (!std::isnan(first))
        games.push_back({static_cast<uint32_t>(pair.first), static_cast<uint32_t>(pair.second), first, 1, difference(pair, row)});
    }
  return rated(models, games);
}

// The root of the mean square of each of style's differences; 0: no two answers differ in it, so that it cannot be fitted.
std::vector<double> style_scales(const std::vector<PairVerdicts>& pairs, const Styles& styles, size_t rows) {
  std::vector<double> out(style_names.size(), 0);
  for (const PairVerdicts& pair : pairs)
    for (size_t row = 0; row < rows; ++row) {
      const std::vector<double> difference = style_difference(styles[pair.first][row], styles[pair.second][row]);
      for (size_t i = 0; i < out.size(); ++i) out[i] += difference[i] * difference[i];
    }
  for (double& scale : out) scale = std::sqrt(scale / static_cast<double>(pairs.size() * rows));
  return out;
}

// Which place the judge prefers, how often an order decides, and what cannot be read.
void judge_findings(const std::vector<PairVerdicts>& pairs, size_t rows, const Clusters& clusters,
                    std::vector<data::Finding>& out) {
  uint64_t unread = 0, asked = 0, both = 0, flipped = 0;
  std::vector<double> first_place;  // by pair and row: the share of the place, both orders
  Clusters together;                // of each of them
  for (const PairVerdicts& pair : pairs)
    for (size_t row = 0; row < rows; ++row) {
      const double straight = pair.straight[row], swapped = pair.swapped.empty() ? nan : pair.swapped[row];
      asked += 1 + !pair.swapped.empty();
      unread += std::isnan(straight) + (!pair.swapped.empty() && std::isnan(swapped));
      if (std::isnan(straight) || std::isnan(swapped)) continue;
      ++both;
      flipped += (straight - 0.5) * (swapped - 0.5) < 0;
      first_place.push_back((straight + 1 - swapped) / 2);
      if (!clusters.empty()) together.push_back(clusters[row]);
    }
  out.push_back({"unread_verdicts", unread, asked, ""});
  if (both == 0) return;
  const stats::Interval place = stats::of_mean(first_place, together, {0, 1});
  const bool biased = place.known() && (place.low > 0.5 || place.high < 0.5);
  const std::string detail = fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100 * place.value, 100 * place.low, 100 * place.high);
  out.push_back({biased ? "position_bias" : "order_flips", flipped, both, detail});
}

// Why there are no ratings, or why they are finite.
void rating_findings(const std::vector<std::string>& models, const std::vector<PairVerdicts>& pairs, size_t rows,
                     std::vector<data::Finding>& out) {
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0u);
  const std::vector<stats::Game> games = games_of(pairs, all);
  if (games.empty()) return;
  const auto count = static_cast<uint32_t>(models.size());
  const auto fitted = stats::bradley_terry(count, games, false, models);
  if (fitted) return;
  const bool finite = stats::bradley_terry(count, games, true, models).has_value();
  out.push_back({finite ? "unbounded_rating" : "no_rating", rows, rows, fitted.error().message});
}

}  // namespace

std::vector<stats::Interval> intervals_of(size_t rows, const Clusters& clusters, uint64_t count, const std::string& stream,
                                          const stats::Statistics& numbers) {
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0u);
  const std::vector<double> value = numbers(all);
  const std::vector<std::vector<uint32_t>> units = units_of(rows, clusters);
  std::vector<std::vector<double>> replicates;
  if (!value.empty() && units.size() > 1)
    replicates = stats::bootstrap_replicates(units.size(), count, stats::stream_key(stream), [&](std::span<const uint32_t> drawn) {
      std::vector<uint32_t> chosen;
      for (const uint32_t unit : drawn) chosen.insert(chosen.end(), units[unit].begin(), units[unit].end());
      return numbers(chosen);
    });
  std::vector<stats::Interval> out(value.size());
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].value = value[i];
    out[i].n = rows;
    out[i].clusters = clusters.empty() ? 0 : units.size();
    if (i >= replicates.size() || replicates[i].size() < count * 19 / 20) continue;
    const stats::Limits limits = stats::percentile_limits(replicates[i]);
    if (limits.low == limits.high) continue;  // every draw is the same: nothing is known of its spread
    out[i].standard_error = stats::spread_of(replicates[i]).deviation;
    out[i].low = limits.low, out[i].high = limits.high;
    out[i].method = stats::Method::bootstrap;
  }
  return out;
}

double share_of(const PairVerdicts& pair, size_t row) {
  Counted counted;
  counted.add(pair.straight[row]);
  if (!pair.swapped.empty()) counted.add(pair.swapped[row]);
  return counted.mean();
}

data::Estimate win_rate_of(const std::vector<PairVerdicts>& pairs, size_t model, const std::vector<size_t>& rows,
                           std::string name, const Clusters& clusters) {
  std::vector<PairVerdicts> some;
  Clusters together;
  for (const size_t row : rows)
    if (!clusters.empty()) together.push_back(clusters[row]);
  for (const PairVerdicts& pair : pairs) {
    PairVerdicts& part = some.emplace_back(PairVerdicts{pair.first, pair.second, {}, {}});
    for (const size_t row : rows) {
      part.straight.push_back(pair.straight[row]);
      if (!pair.swapped.empty()) part.swapped.push_back(pair.swapped[row]);
    }
  }
  return estimate(std::move(name), win_rate(some, model, rows.size(), SIZE_MAX, together));
}

ArenaNumbers arena(const std::vector<std::string>& models, const std::vector<PairVerdicts>& pairs, const Lengths& lengths,
                   const std::string& name, const Styles* styles, const Clusters& clusters) {
  ArenaNumbers out;
  out.of_model.resize(models.size());
  size_t rows = pairs.empty() ? 0 : SIZE_MAX;
  for (const PairVerdicts& pair : pairs) rows = std::min(rows, pair.straight.size());
  const size_t questions = units_of(rows, clusters).size();
  const auto strength = intervals_of(rows, clusters, replicates, "arena of " + name,
                                     [&](std::span<const uint32_t> drawn) { return ratings(models, pairs, drawn); });
  // of few rows the influence of length is noise that no interval shows well
  const bool measured = std::none_of(pairs.begin(), pairs.end(), [&](const PairVerdicts& pair) {
    return lengths[pair.first].empty() || lengths[pair.second].empty();
  });
  const Difference of_length = [&](const PairVerdicts& pair, uint32_t row) -> std::vector<double> {
    const double a = lengths[pair.first][row], b = lengths[pair.second][row];
    return {a + b > 0 ? (a - b) / (a + b) : 0};
  };
  std::vector<stats::Interval> even;
  if (questions >= rows_for_length && measured)
    even = intervals_of(rows, clusters, replicates_of_length, "length in " + name,
                        [&](std::span<const uint32_t> drawn) { return at_equal(models, pairs, of_length, drawn); });
  std::vector<size_t> seen;
  std::vector<stats::Interval> plain;                // at equal style
  if (styles && questions >= rows_for_length) {
    const std::vector<double> scales = style_scales(pairs, *styles, rows);
    for (size_t i = 0; i < scales.size(); ++i)
      if (scales[i] > 0) seen.push_back(i);
    const Difference of_style = [&](const PairVerdicts& pair, uint32_t row) {
      const std::vector<double> all = style_difference((*styles)[pair.first][row], (*styles)[pair.second][row]);
      std::vector<double> out;
      for (const size_t i : seen) out.push_back(all[i] / scales[i]);
      return out;
    };
    plain = intervals_of(rows, clusters, replicates_of_length, "style in " + name,
                         [&](std::span<const uint32_t> drawn) { return at_equal(models, pairs, of_style, drawn); });
  }
  for (size_t model = 0; model < models.size(); ++model) {
    std::vector<data::Estimate>& numbers = out.of_model[model];
    numbers.push_back(estimate("win_rate", win_rate(pairs, model, rows, SIZE_MAX, clusters)));
    if (model < strength.size()) numbers.push_back(estimate("rating", strength[model]));
    if (model < even.size()) numbers.push_back(estimate("rating_at_equal_length", even[model]));
    if (model < plain.size()) numbers.push_back(estimate("rating_at_equal_style", plain[model]));
    for (size_t other = 0; models.size() > 2 && other < models.size(); ++other) {
      const stats::Interval against = other == model ? stats::Interval{} : win_rate(pairs, model, rows, other, clusters);
      if (!std::isnan(against.value)) numbers.push_back(estimate("win_rate_against_" + models[other], against));
    }
  }
  judge_findings(pairs, rows, clusters, out.findings);
  rating_findings(models, pairs, rows, out.findings);
  for (size_t k = 0; k < seen.size() && models.size() + k < plain.size(); ++k) {
    const stats::Interval& moved = plain[models.size() + k];
    if (seen[k] > 0 && moved.known() && (moved.low > 0 || moved.high < 0))
      out.findings.push_back({"prefers_style", rows, rows,
                              fmt::format("{} {}", moved.value > 0 ? "more" : "fewer", style_names[seen[k]])});
  }
  if (even.empty()) return out;
  const stats::Interval& slope = even.back();
  if (slope.known() && (slope.low > 0 || slope.high < 0))
    out.findings.push_back(
        {slope.value > 0 ? "prefers_longer" : "prefers_shorter", rows, rows,
         fmt::format("{:.0f} %", 100 * stats::chance_of(slope.value / 3, 0))});  // twice as long: a third of both
  return out;
}

}  // namespace sextant::score
