#include "divergence.hpp"
#include <algorithm>
#include <cmath>
#include "resample.hpp"

namespace sextant::stats {
namespace {

// ln of the sum of exp(w): what is subtracted from log-weights to make them log-probabilities.
double log_sum(std::span<const double> logs) {
  const double most = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double log : logs) sum += std::exp(log - most);
  return most + std::log(sum);
}

}  // namespace

std::vector<double> softmax(std::span<const double> logs) {
  std::vector<double> out;
  if (logs.empty()) return out;
  const double whole = log_sum(logs);
  for (const double log : logs) out.push_back(std::exp(log - whole));
  return out;
}

double kl_divergence(std::span<const double> p_logs, std::span<const double> q_logs) {
  if (p_logs.empty()) return 0;
  const double p_whole = log_sum(p_logs), q_whole = log_sum(q_logs);
  double out = 0;
  for (size_t i = 0; i < p_logs.size(); ++i) {
    const double p_log = p_logs[i] - p_whole, p = std::exp(p_log);
    if (p > 0) out += p * (p_log - (q_logs[i] - q_whole));
  }
  return std::max(0.0, out);  // rounding alone takes it below
}

Changes changes_of(std::vector<double> changes) {
  Changes out;
  out.n = changes.size();
  if (changes.empty()) return out;
  double sum = 0, squares = 0;
  for (const double change : changes) sum += change, squares += change * change;
  const auto n = static_cast<double>(changes.size());
  out.mean = sum / n;
  out.root_mean_square = std::sqrt(squares / n);
  std::sort(changes.begin(), changes.end());
  out.low = quantile(changes, 0.01);
  out.high = quantile(changes, 0.99);
  return out;
}

}  // namespace sextant::stats
