// How far two distributions over the same options are apart. Pure; threads: [any].
#pragma once
#include <cstddef>
#include <span>
#include <vector>
#include "interval.hpp"

namespace sextant::stats {

/// The probabilities that log-weights give options: exp(w) over the sum of all exp(w).
std::vector<double> softmax(std::span<const double> logs);

/// The Kullback-Leibler divergence of Q from P in nats, sum of p ln(p / q), of the distributions that these log-weights give
/// (Kullback and Leibler 1951): never below 0, and infinite where q is 0 and p is not.
double kl_divergence(std::span<const double> p_logs, std::span<const double> q_logs);

/// By how much many probabilities have changed, each by itself. NaN where there are none.
struct Changes {
  size_t n = 0;
  double mean = not_known, root_mean_square = not_known;
  double low = not_known, high = not_known;  // the 1st and the 99th percentile
};
Changes changes_of(std::vector<double> changes);

}  // namespace sextant::stats
