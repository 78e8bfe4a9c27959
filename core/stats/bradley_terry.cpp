#include "bradley_terry.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <fmt/format.h>

namespace sextant::stats {
namespace {

// Which players can be reached from the first one along `edges` [from][to].
std::vector<bool> reached(uint32_t players, const std::vector<std::vector<uint32_t>>& edges) {
  std::vector<bool> seen(players, false);
  std::vector<uint32_t> open{0};
  seen[0] = true;
  while (!open.empty()) {
    const uint32_t from = open.back();
    open.pop_back();
    for (const uint32_t to : edges[from])
      if (!seen[to]) seen[to] = true, open.push_back(to);
  }
  return seen;
}

std::string list_of(const std::vector<bool>& chosen, bool value, const std::vector<std::string>& names) {
  std::string out;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i] == value) out += (out.empty() ? "" : ", ") + names[i];
  return out;
}

struct Connection {
  std::vector<bool> by_games, by_wins, by_losses;
  static bool all(const std::vector<bool>& of) { return std::all_of(of.begin(), of.end(), [](bool v) { return v; }); }
};

Connection connection(uint32_t players, std::span<const Game> games) {
  std::vector<std::vector<uint32_t>> met(players), beat(players), lost_to(players);
  for (const Game& game : games) {
    if (game.weight <= 0) continue;
    met[game.first].push_back(game.second), met[game.second].push_back(game.first);
    if (game.outcome > 0) beat[game.first].push_back(game.second), lost_to[game.second].push_back(game.first);
    if (game.outcome < 1) beat[game.second].push_back(game.first), lost_to[game.first].push_back(game.second);
  }
  return {reached(players, met), reached(players, beat), reached(players, lost_to)};
}

// x of a x = b; `a` is symmetric and positive definite, row by row. False where it is not.
bool solve(std::vector<double> a, std::vector<double>& b) {
  const size_t n = b.size();
  for (size_t i = 0; i < n; ++i) {          // Cholesky's factor in the lower triangle
    for (size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i == j && !(sum > 1e-12)) return false;
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

// log(1 + exp(x))
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// Player 0 is at 0; the parameters are the other players' strengths, then the covariates'.
struct Likelihood {
  uint32_t players;
  size_t covariates;
  std::span<const Game> games;
  size_t size() const { return players - 1 + covariates; }

  double margin(const Game& game, const std::vector<double>& x) const {
    double eta = (game.first ? x[game.first - 1] : 0) - (game.second ? x[game.second - 1] : 0);
    for (size_t c = 0; c < covariates; ++c) eta += game.covariates[c] * x[players - 1 + c];
    return eta;
  }
  double loss(const std::vector<double>& x) const {
    double sum = 0;
    for (const Game& game : games) {
      const double eta = margin(game, x);
      sum += game.weight * (game.outcome * softplus(-eta) + (1 - game.outcome) * softplus(eta));
    }
    return sum;
  }
  // Adds up the negative gradient and the Hessian of the loss.
  void slopes(const std::vector<double>& x, std::vector<double>& gradient, std::vector<double>& hessian) const {
    const size_t n = size();
    std::fill(gradient.begin(), gradient.end(), 0.0);
    std::fill(hessian.begin(), hessian.end(), 0.0);
    std::vector<std::pair<size_t, double>> row;
    for (const Game& game : games) {
      const double chance = chance_of(margin(game, x), 0), curvature = game.weight * chance * (1 - chance);
      row.clear();
      if (game.first) row.emplace_back(game.first - 1, 1);
      if (game.second) row.emplace_back(game.second - 1, -1);
      for (size_t c = 0; c < covariates; ++c) row.emplace_back(players - 1 + c, game.covariates[c]);
      for (const auto& [i, vi] : row) {
        gradient[i] += game.weight * (game.outcome - chance) * vi;
        for (const auto& [j, vj] : row) hessian[i * n + j] += curvature * vi * vj;
      }
    }
  }
};

// Newton's method with halved steps; the loss is convex. False where it runs away or where a covariate is a sum of the others.
bool minimise(const Likelihood& likelihood, std::vector<double>& x) {
  const size_t n = likelihood.size();
  std::vector<double> step(n), hessian(n * n);
  double loss = likelihood.loss(x);
  for (int round = 0; round < 100; ++round) {
    likelihood.slopes(x, step, hessian);
    if (!solve(hessian, step)) return false;
    double largest = 0;
    for (const double v : step) largest = std::max(largest, std::abs(v));
    double scale = 1;
    std::vector<double> next(n);
    for (;; scale /= 2) {
      for (size_t i = 0; i < n; ++i) next[i] = x[i] + scale * step[i];
      const double there = likelihood.loss(next);
      if (there <= loss + 1e-12 * (1 + std::abs(loss)) || scale < 1e-10) {   // rounding is not a rise
        loss = there;
        break;
      }
    }
    x = next;
    if (largest < 1e-10) return true;
    if (std::any_of(x.begin(), x.end(), [](double v) { return !(std::abs(v) < 1e3); })) return false;
  }
  return false;
}

}  // namespace

double chance_of(double first, double second) {
  const double eta = first - second;
  return eta > 0 ? 1 / (1 + std::exp(-eta)) : std::exp(eta) / (1 + std::exp(eta));
}

double elo_of(double strength) { return 1000 + 400 / std::log(10.0) * strength; }

Result<Strengths> bradley_terry(uint32_t players, std::span<const Game> games, bool regularise,
                                const std::vector<std::string>& names) {
  if (players < 2) return Error{Error::Kind::data, "a ranking wants two models or more"};
  const Connection connected = connection(players, games);
  if (!Connection::all(connected.by_games))
    return Error{
        Error::Kind::data,
        fmt::format("no comparison connects {} with {}, so that they cannot be ranked together; compare one of either side",
                    list_of(connected.by_games, true, names), list_of(connected.by_games, false, names))};
  Strengths out;
  std::vector<Game> all(games.begin(), games.end());
  const size_t covariates = games.front().covariates.size();
  if (!Connection::all(connected.by_wins) || !Connection::all(connected.by_losses)) {
    if (!regularise) {
      const std::vector<bool>& part = Connection::all(connected.by_wins) ? connected.by_losses : connected.by_wins;
      return Error{Error::Kind::data, fmt::format("{} and {} have no finite distance: one side won all comparisons",
                                                  list_of(part, true, names), list_of(part, false, names))};
    }
    out.regularised = true;
    std::map<std::pair<uint32_t, uint32_t>, bool> pairs;
    for (const Game& game : games) pairs[std::minmax(game.first, game.second)] = true;
    for (const auto& [pair, met] : pairs)
      all.push_back({pair.first, pair.second, 0.5, 1, std::vector<double>(covariates, 0.0)});
  }
  const Likelihood likelihood{players, covariates, all};
  std::vector<double> x(likelihood.size(), 0.0);
  if (!minimise(likelihood, x))
    return Error{Error::Kind::data, "the covariates explain every comparison, or one is a sum of the others; leave one out"};
  out.of_player.assign(1, 0.0);
  out.of_player.insert(out.of_player.end(), x.begin(), x.begin() + (players - 1));
  out.of_covariate.assign(x.begin() + (players - 1), x.end());
  const double mean = std::accumulate(out.of_player.begin(), out.of_player.end(), 0.0) / players;
  for (double& strength : out.of_player) strength -= mean;
  return out;
}

}  // namespace sextant::stats
