#include "length_controlled.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace sextant::stats {
namespace {

using Weights = std::array<double, 3>;               // of tanh(length), difficulty, the model
constexpr double gamed_weight = 0.2 / 2;             // two gamed baselines share AlpacaEval's lambda
constexpr size_t folds = 5, penalties = 10;

Weights features(const LengthRow& row) { return {std::tanh(row.length), row.difficulty, row.own ? 1.0 : 0.0}; }
double weight(const LengthRow& row) { return row.own ? 1 : gamed_weight; }
double logistic(double eta) { return eta > 0 ? 1 / (1 + std::exp(-eta)) : std::exp(eta) / (1 + std::exp(eta)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double dot(const Weights& a, const Weights& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

struct Sample {
  Weights x;
  double share, weight;
};

double loss(std::span<const Sample> samples, const Weights& w, double penalty) {
  double sum = 0;
  for (const Sample& s : samples) {
    const double eta = dot(s.x, w);
    sum += s.weight * (s.share * softplus(-eta) + (1 - s.share) * softplus(eta));
  }
  return std::abs(w[0]) + std::abs(w[1]) + std::abs(w[2]) + penalty * sum;
}

// min |w| + C * loss, one coordinate after the other by Newton's step with the threshold of the absolute value.
Weights fit(std::span<const Sample> samples, double penalty) {
  Weights w{};
  double now = loss(samples, w, penalty);
  for (int round = 0; round < 500; ++round) {
    double moved = 0;
    for (size_t k = 0; k < w.size(); ++k) {
      double slope = 0, curve = 1e-12;
      for (const Sample& s : samples) {
        const double p = logistic(dot(s.x, w));
        slope += s.weight * (p - s.share) * s.x[k];
        curve += s.weight * p * (1 - p) * s.x[k] * s.x[k];
      }
      slope *= penalty, curve *= penalty;
      const double to = w[k] - slope / curve;
      const double aim = to > 1 / curve ? to - 1 / curve : to < -1 / curve ? to + 1 / curve : 0;
      double step = aim - w[k];
      for (; std::abs(step) > 1e-12; step /= 2) {
        Weights next = w;
        next[k] += step;
        const double there = loss(samples, next, penalty);
        if (there > now + 1e-13 * std::abs(now)) continue;
        w = next, now = there;
        moved = std::max(moved, std::abs(step));
        break;
      }
    }
    if (moved < 1e-8) break;
  }
  return w;
}

std::vector<Sample> samples_of(std::span<const LengthRow> rows) {
  std::vector<Sample> out;
  for (const LengthRow& row : rows) out.push_back({features(row), row.preference, weight(row)});
  return out;
}

double rate(std::span<const LengthRow> rows, const Weights& w) {
  double sum = 0, n = 0;
  for (const LengthRow& row : rows)
    if (row.own) sum += logistic(w[1] * row.difficulty + w[2]), ++n;
  return n > 0 ? sum / n : 0.5;
}

}  // namespace

double length_controlled_rate(std::span<const LengthRow> rows, double penalty) {
  return rate(rows, fit(samples_of(rows), penalty));
}

LengthControlled length_controlled(std::span<const LengthRow> rows) {
  const std::vector<Sample> all = samples_of(rows);
  LengthControlled best;
  double least = 0;
  for (size_t i = 0; i < penalties; ++i) {
    const double penalty = std::pow(10.0, -4 + 8.0 * static_cast<double>(i) / (penalties - 1));
    double sum = 0;
    for (size_t fold = 0; fold < folds; ++fold) {
      std::vector<Sample> train, test;
      for (size_t k = 0; k < all.size(); ++k) (k % folds == fold ? test : train).push_back(all[k]);
      if (test.empty() || train.empty()) continue;
      const Weights w = fit(train, penalty);
      double part = 0;
      for (const Sample& s : test) {
        const double p = std::clamp(logistic(dot(s.x, w)), 1e-15, 1 - 1e-15);
        part -= s.weight * (s.share * std::log(p) + (1 - s.share) * std::log(1 - p));
      }
      sum += part / static_cast<double>(test.size());
    }
    if (i > 0 && sum >= least) continue;
    least = sum;
    best.penalty = penalty;
  }
  best.win_rate = length_controlled_rate(rows, best.penalty);
  return best;
}

}  // namespace sextant::stats
