#include "resample.hpp"
#include <algorithm>
#include <cmath>
#include <numeric>
#include "distributions.hpp"
#include "mean.hpp"
#include "stream.hpp"

namespace sextant::stats {
namespace {

void sort_numbers(std::vector<double>& values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  std::sort(values.begin(), values.end());
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

}  // namespace

double quantile(std::span<const double> sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const double part = at - static_cast<double>(below);
  return below + 1 < sorted.size() ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted.back();
}

namespace {

template <class See> void each_selection(uint64_t units, uint64_t count, uint64_t key, See see) {
  std::vector<uint32_t> chosen(units);
  Stream stream(key);
  for (uint64_t i = 0; i < count; ++i) {
    for (uint32_t& unit : chosen) unit = static_cast<uint32_t>(stream.below(units));
    see(std::span<const uint32_t>(chosen));
  }
}

}  // namespace

std::vector<double> bootstrap_replicates(uint64_t units, uint64_t count, uint64_t key, const Statistic& statistic) {
  std::vector<double> out;
  out.reserve(count);
  each_selection(units, count, key, [&](std::span<const uint32_t> chosen) { out.push_back(statistic(chosen)); });
  return out;
}

std::vector<std::vector<double>> bootstrap_replicates(uint64_t units, uint64_t count, uint64_t key, const Statistics& numbers) {
  std::vector<std::vector<double>> out;
  each_selection(units, count, key, [&](std::span<const uint32_t> chosen) {
    const std::vector<double> one = numbers(chosen);
    if (out.size() < one.size()) out.resize(one.size());
    for (size_t i = 0; i < one.size(); ++i) out[i].push_back(one[i]);
  });
  return out;
}

Limits percentile_limits(std::vector<double> replicates, double level) {
  sort_numbers(replicates);
  if (replicates.empty()) return {};
  return {quantile(replicates, (1 - level) / 2), quantile(replicates, (1 + level) / 2)};
}

Limits bca_limits(std::vector<double> replicates, double value, std::span<const double> jackknife, double level) {
  sort_numbers(replicates);
  if (replicates.empty()) return {};
  const auto count = static_cast<double>(replicates.size());
  // ties count half, as scipy has it
  const double below = static_cast<double>(std::lower_bound(replicates.begin(), replicates.end(), value) - replicates.begin());
  const double not_above =
      static_cast<double>(std::upper_bound(replicates.begin(), replicates.end(), value) - replicates.begin());
  const double share = (below + not_above) / (2 * count);
  double mean = 0, squares = 0, cubes = 0;
  for (const double one : jackknife) mean += one / static_cast<double>(jackknife.size());
  for (const double one : jackknife) {
    squares += (mean - one) * (mean - one);
    cubes += (mean - one) * (mean - one) * (mean - one);
  }
  if (share <= 0 || share >= 1 || !(squares > 0))
    return {quantile(replicates, (1 - level) / 2), quantile(replicates, (1 + level) / 2)};
  const double bias = normal_quantile(share), acceleration = cubes / (6 * std::pow(squares, 1.5));
  const auto limit = [&](double p) {
    const double z = bias + normal_quantile(p);
    return quantile(replicates, normal_cdf(bias + z / (1 - acceleration * z)));
  };
  return {limit((1 - level) / 2), limit((1 + level) / 2)};
}

Interval bootstrap(double value, uint64_t units, uint64_t count, uint64_t key, const Statistic& statistic,
                   uint64_t jackknife_max) {
  constexpr double lost_max = 0.05;
  Interval out;
  out.value = value;
  out.n = units;
  if (units < 2 || !std::isfinite(value)) return out;
  const std::vector<double> replicates = bootstrap_replicates(units, count, key, statistic);
  const auto lost = std::count_if(replicates.begin(), replicates.end(), [](double one) { return !std::isfinite(one); });
  if (static_cast<double>(lost) > lost_max * static_cast<double>(count)) return out;
  std::vector<double> without;
  std::vector<uint32_t> others(units - 1);
  for (uint64_t left = 0; left < units && units <= jackknife_max; ++left) {
    for (uint64_t i = 0, at = 0; i < units; ++i)
      if (i != left) others[at++] = static_cast<uint32_t>(i);
    without.push_back(statistic(others));
  }
  const Limits limits = bca_limits(replicates, value, without);
  out.standard_error = spread_of(replicates).deviation;
  out.low = limits.low;
  out.high = limits.high;
  out.method = Method::bootstrap;
  return out;
}

Interval grouped_jackknife(double value, uint64_t units, uint64_t groups, uint64_t key, const Statistic& statistic) {
  Interval out;
  out.value = value;
  out.n = units;
  groups = std::min(groups, units);
  if (groups < 2 || !std::isfinite(value)) return out;
  std::vector<uint32_t> order(units);
  std::iota(order.begin(), order.end(), 0u);
  Stream stream(key);
  for (uint64_t i = units; i > 1; --i) std::swap(order[i - 1], order[stream.below(i)]);
  const auto g = static_cast<double>(groups);
  double sum = 0;
  std::vector<double> without;
  for (uint64_t left = 0; left < groups; ++left) {
    std::vector<uint32_t> others;
    for (uint64_t i = 0; i < units; ++i)
      if (i % groups != left) others.push_back(order[i]);
    std::sort(others.begin(), others.end());
    without.push_back(statistic(others));
    sum += without.back();
  }
  double squares = 0;
  for (const double one : without) squares += (one - sum / g) * (one - sum / g);
  out.standard_error = std::sqrt(squares * (g - 1) / g);
  if (!std::isfinite(out.standard_error)) return out;
  const double half = student_quantile(0.5 + confidence / 2, g - 1) * out.standard_error;
  out.low = value - half;
  out.high = value + half;
  out.method = Method::jackknife;
  return out;
}

}  // namespace sextant::stats
