#include "interval.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include "distributions.hpp"
#include "paired.hpp"

namespace sextant::stats {
namespace {

// Values without NaNs, and the sum of each cluster's deviations from the mean.
struct Sums {
  uint64_t n = 0;
  double mean = 0, squares = 0;      // squares: of the deviations
  bool binary = true;
  std::vector<double> of_cluster;    // sum of deviations; empty where no value has a cluster
  uint64_t clusters = 0;             // that have a value
  bool alone() const { return of_cluster.empty() || clusters == n; }
};

Sums sums_of(std::span<const double> values, std::span<const uint32_t> clusters) {
  Sums out;
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    ++out.n;
    sum += value;
    out.binary = out.binary && (value == 0 || value == 1);
  }
  if (out.n == 0) return out;
  out.mean = sum / static_cast<double>(out.n);
  std::vector<bool> seen;
  if (!clusters.empty()) {
    const size_t size = size_t{*std::max_element(clusters.begin(), clusters.end())} + 1;
    out.of_cluster.assign(size, 0);
    seen.assign(size, false);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    const double deviation = values[i] - out.mean;
    out.squares += deviation * deviation;
    if (clusters.empty()) continue;
    out.of_cluster[clusters[i]] += deviation;
    seen[clusters[i]] = true;
  }
  out.clusters = static_cast<uint64_t>(std::count(seen.begin(), seen.end(), true));
  return out;
}

// Student's t of the mean, by clusters where there are any.
Interval t_interval(const Sums& sums) {
  const auto n = static_cast<double>(sums.n);
  const bool alone = sums.alone();
  Interval out;
  out.value = sums.mean;
  out.n = sums.n;
  out.clusters = alone ? 0 : sums.clusters;
  const double groups = alone ? n : static_cast<double>(sums.clusters);
  if (groups < 2) return out;
  double squares = sums.squares;
  if (!alone) {
    squares = 0;
    for (const double sum : sums.of_cluster) squares += sum * sum;
  }
  out.standard_error = std::sqrt(squares * groups / (groups - 1)) / n;
  out.method = alone ? Method::t : Method::clustered;
  const double half = student_quantile(0.5 + confidence / 2, groups - 1) * out.standard_error;
  out.low = out.value - half;
  out.high = out.value + half;
  return out;
}

}  // namespace

std::string_view method_name(Method method) {
  constexpr std::array<std::string_view, 7> names{"none", "wilson", "t", "clustered", "bootstrap", "jackknife", "propagated"};
  return names[static_cast<size_t>(method)];
}

Interval wilson(double successes, double n, double level) {
  Interval out;
  if (n <= 0) return out;
  const double z = normal_quantile(0.5 + level / 2), p = successes / n, z2 = z * z / n;
  const double centre = (p + z2 / 2) / (1 + z2), half = z / (1 + z2) * std::sqrt(p * (1 - p) / n + z2 / (4 * n));
  out.value = p;
  // none and all: the limit is exactly 0 or 1, whatever rounding makes of it
  out.low = successes == 0 ? 0 : std::max(0.0, centre - half);
  out.high = successes == n ? 1 : std::min(1.0, centre + half);
  out.n = static_cast<uint64_t>(n);
  out.standard_error = n > 1 ? std::sqrt(p * (1 - p) / (n - 1)) : not_known;
  out.method = Method::wilson;
  return out;
}

Interval of_mean(std::span<const double> values, std::span<const uint32_t> clusters, Range range) {
  const Sums sums = sums_of(values, clusters);
  const auto n = static_cast<double>(sums.n);
  if (sums.n == 0) return {};
  if (sums.alone() && sums.binary) return wilson(std::round(sums.mean * n), n);
  Interval out = t_interval(sums);
  if (!out.known()) return out;
  if (sums.binary && sums.squares == 0) {  // all right or all wrong: as if each cluster had been asked once
    const auto groups = static_cast<double>(sums.clusters);
    const Interval once = wilson(sums.mean * groups, groups);
    out.low = once.low;
    out.high = once.high;
  }
  out.low = std::max(out.low, std::min(range.low, out.value));
  out.high = std::min(out.high, std::max(range.high, out.value));
  return out;
}

Interval of_mean_difference(std::span<const double> differences, std::span<const uint32_t> clusters, double reach) {
  const Sums sums = sums_of(differences, clusters);
  if (sums.n == 0) return {};
  Interval out = t_interval(sums);
  if (!out.known() || sums.squares > 0) return out;
  out.method = Method::none;
  out.standard_error = out.low = out.high = not_known;
  if (sums.mean != 0 || !std::isfinite(reach)) return out;
  const uint64_t n = out.n, clusters_seen = out.clusters;
  out = scaled(of_paired_proportions(0, 0, sums.alone() ? sums.n : sums.clusters), reach);
  out.n = n;
  out.clusters = clusters_seen;
  return out;
}

Interval of_average(std::span<const Interval> members, std::span<const double> weights) {
  Interval out;
  double sum = 0, total = 0, squares = 0, below = 0, above = 0;
  bool known = !members.empty();
  for (size_t i = 0; i < members.size(); ++i) {
    const Interval& member = members[i];
    known = known && member.known();
    sum += weights[i] * member.value;
    total += weights[i];
    out.n += member.n;
    out.clusters += member.clusters;
    const auto squared = [&](double distance) { return weights[i] * weights[i] * distance * distance; };
    squares += squared(member.standard_error);
    below += squared(member.value - member.low);
    above += squared(member.high - member.value);
  }
  if (total == 0) return out;
  out.value = sum / total;
  if (!known) return out;
  out.standard_error = std::sqrt(squares) / total;
  out.low = out.value - std::sqrt(below) / total;
  out.high = out.value + std::sqrt(above) / total;
  out.method = Method::propagated;
  return out;
}

Interval scaled(Interval interval, double factor) {
  interval.value *= factor;
  interval.standard_error *= factor;
  interval.low *= factor;
  interval.high *= factor;
  return interval;
}

Components components(const std::vector<std::vector<double>>& values) {
  std::vector<double> means;
  double within = 0;
  size_t repeats = 0;
  for (const std::vector<double>& of_question : values) {
    if (of_question.size() < 2 || std::any_of(of_question.begin(), of_question.end(), [](double v) { return std::isnan(v); }))
      continue;
    const auto r = static_cast<double>(of_question.size());
    double sum = 0, squares = 0;
    for (const double value : of_question) sum += value;
    for (const double value : of_question) squares += (value - sum / r) * (value - sum / r);
    means.push_back(sum / r);
    within += squares / (r - 1);
    repeats = of_question.size();
  }
  if (means.size() < 2) return {};
  const auto n = static_cast<double>(means.size());
  within /= n;
  double mean = 0, squares = 0;
  for (const double value : means) mean += value / n;
  for (const double value : means) squares += (value - mean) * (value - mean);
  return {std::sqrt(std::max(0.0, squares / (n - 1) - within / static_cast<double>(repeats))), std::sqrt(within)};
}

}  // namespace sextant::stats
