#include "paired.hpp"
#include <algorithm>
#include <cmath>
#include <numeric>
#include "distributions.hpp"
#include "stream.hpp"

namespace sextant::stats {
namespace {

constexpr size_t exact_units_max = 16;       // 2^16 sign patterns
constexpr uint64_t drawn_patterns = 9999;    // and the seen one: p is a multiple of 1 / 10,000
constexpr int bets = 401;                    // shares of the money that e_value averages over; an odd number holds 0

// The sum of differences of each unit that is not 0, in the order in which units first come, and the greatest number of
// questions in one.
struct Units {
  std::vector<double> sums;
  uint64_t largest = 1;
};

Units units_of(std::span<const double> differences, std::span<const uint32_t> clusters) {
  Units out;
  if (clusters.empty()) {
    std::copy_if(differences.begin(), differences.end(), std::back_inserter(out.sums), [](double d) { return !std::isnan(d); });
    return out;
  }
  constexpr size_t unseen = SIZE_MAX;
  std::vector<size_t> place(size_t{*std::max_element(clusters.begin(), clusters.end())} + 1, unseen);
  std::vector<uint64_t> sizes;
  for (size_t i = 0; i < differences.size(); ++i) {
    if (std::isnan(differences[i])) continue;
    size_t& at = place[clusters[i]];
    if (at == unseen) {
      at = out.sums.size();
      out.sums.push_back(0);
      sizes.push_back(0);
    }
    out.sums[at] += differences[i];
    ++sizes[at];
  }
  if (!sizes.empty()) out.largest = *std::max_element(sizes.begin(), sizes.end());
  return out;
}

double log_sum_exp(const std::vector<double>& values) {
  const double most = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - most);
  return most + std::log(sum);
}

}  // namespace

double mcnemar_exact(uint64_t first_only, uint64_t second_only) {
  const uint64_t n = first_only + second_only, fewer = std::min(first_only, second_only);
  if (n == 0 || first_only == second_only) return 1;
  return std::min(1.0, 2 * binomial_cdf(fewer, n, 0.5));
}

Interval of_paired_proportions(uint64_t first_only, uint64_t second_only, uint64_t n) {
  Interval out;
  if (n == 0) return out;
  const auto size = static_cast<double>(n), first = static_cast<double>(first_only), second = static_cast<double>(second_only);
  out.value = (second - first) / size;
  out.n = n;
  const double a = (first + 1) / (size + 2), b = (second + 1) / (size + 2);
  out.standard_error = std::sqrt((a + b - (b - a) * (b - a)) / (size + 2));
  const double half = normal_quantile(0.5 + confidence / 2) * out.standard_error;
  out.low = std::max(-1.0, b - a - half);
  out.high = std::min(1.0, b - a + half);
  out.method = Method::wilson;
  return out;
}

Permutation permutation_test(std::span<const double> differences, std::span<const uint32_t> clusters, uint64_t key) {
  std::vector<double> sums = units_of(differences, clusters).sums;
  std::erase(sums, 0);
  if (sums.empty()) return {1, true};
  double seen = 0, greatest = 0;
  for (const double sum : sums) {
    seen += sum;
    greatest += std::abs(sum);
  }
  const double enough = std::abs(seen) - 1e-12 * greatest;  // sums that are equal may differ in their last bits
  if (sums.size() <= exact_units_max) {
    uint64_t as_far = 0;
    const uint64_t patterns = uint64_t{1} << sums.size();
    for (uint64_t signs = 0; signs < patterns; ++signs) {
      double sum = 0;
      for (size_t i = 0; i < sums.size(); ++i) sum += signs >> i & 1 ? -sums[i] : sums[i];
      as_far += std::abs(sum) >= enough;
    }
    return {static_cast<double>(as_far) / static_cast<double>(patterns), true};
  }
  Stream stream(key);
  uint64_t as_far = 1;
  for (uint64_t drawn = 0; drawn < drawn_patterns; ++drawn) {
    double sum = 0;
    uint64_t signs = 0;
    for (size_t i = 0; i < sums.size(); ++i) {
      if (i % 64 == 0) signs = stream.bits();
      sum += signs & 1 ? -sums[i] : sums[i];
      signs >>= 1;
    }
    as_far += std::abs(sum) >= enough;
  }
  return {static_cast<double>(as_far) / static_cast<double>(drawn_patterns + 1), false};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size(), not_known);
  double least = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, std::min(1.0, p[order[i]] * static_cast<double>(order.size() - i)));
    out[order[i]] = least;
  }
  return out;
}

double minimum_detectable_factor() {
  constexpr double power = 0.8;
  return normal_quantile(0.5 + confidence / 2) + normal_quantile(power);
}

double minimum_detectable(double standard_error) { return minimum_detectable_factor() * standard_error; }

double e_value(std::span<const double> differences, std::span<const uint32_t> clusters, double reach) {
  if (!std::isfinite(reach) || reach <= 0) return not_known;
  const Units units = units_of(differences, clusters);
  if (units.sums.empty()) return 1;
  const double scale = reach * static_cast<double>(units.largest);
  std::vector<double> logs(bets, 0);
  for (int i = 0; i < bets; ++i) {
    // midpoints: a bet of all the money would be lost with the first question that goes the other way
    const double share = -1 + (2 * i + 1) / static_cast<double>(bets);
    for (const double sum : units.sums) logs[static_cast<size_t>(i)] += std::log1p(share * std::clamp(sum / scale, -1.0, 1.0));
  }
  return std::exp(log_sum_exp(logs) - std::log(static_cast<double>(bets)));
}

}  // namespace sextant::stats
