#include "variants.hpp"
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <map>
#include "distributions.hpp"
#include "stream.hpp"

namespace sextant::stats {

namespace {

constexpr uint64_t drawn_patterns = 1999;

// How often variants' sums lie as far apart where those of each cluster have changed places at random.
double permuted_p(std::vector<std::vector<double>> sums, uint64_t key) {  // [cluster][variant]
  const size_t k = sums.front().size();
  const auto apart = [&] {
    double out = 0, all = 0;
    std::vector<double> totals(k);
    for (const auto& cluster : sums)
      for (size_t v = 0; v < k; ++v) totals[v] += cluster[v];
    for (const double total : totals) all += total / static_cast<double>(k);
    for (const double total : totals) out += (total - all) * (total - all);
    return out;
  };
  const double enough = apart() * (1 - 1e-9);  // sums that are equal may differ in their last bits
  Stream stream(key);
  uint64_t as_far = 1;
  for (uint64_t drawn = 0; drawn < drawn_patterns; ++drawn) {
    for (auto& cluster : sums)
      for (size_t v = k; v > 1; --v) std::swap(cluster[v - 1], cluster[stream.below(v)]);
    as_far += apart() >= enough;
  }
  return static_cast<double>(as_far) / static_cast<double>(drawn_patterns + 1);
}

}  // namespace

VariantSpread variant_spread(const std::vector<std::vector<double>>& values, std::span<const uint32_t> clusters,
                             uint64_t key) {
  VariantSpread out;
  const size_t k = values.size();
  if (k == 0) return out;
  std::vector<size_t> whole;
  for (size_t q = 0; q < values[0].size(); ++q)
    if (std::none_of(values.begin(), values.end(), [&](const auto& variant) { return std::isnan(variant[q]); }))
      whole.push_back(q);
  const auto n = static_cast<double>(whole.size()), kd = static_cast<double>(k);
  out.questions = whole.size();
  if (whole.empty()) return out;
  double all = 0;
  for (const auto& variant : values) {
    double sum = 0;
    for (const size_t q : whole) sum += variant[q];
    out.means.push_back(sum / n);
    all += sum / (n * kd);
  }
  double of_variants = 0, of_questions = 0, within = 0;
  for (const double mean : out.means) of_variants += n * (mean - all) * (mean - all);
  for (const size_t q : whole) {
    double mean = 0;
    for (const auto& variant : values) mean += variant[q] / kd;
    of_questions += kd * (mean - all) * (mean - all);
    bool changed = false;
    for (const auto& variant : values) {
      within += (variant[q] - mean) * (variant[q] - mean);
      changed |= variant[q] != values[0][q];
    }
    out.changed += changed;
  }
  if (k < 2 || whole.size() < 2) return out;
  const double rest = std::max(0.0, within - of_variants) / ((n - 1) * (kd - 1));
  out.question_by_variant = std::sqrt(rest);
  out.between = std::sqrt(std::max(0.0, of_variants / (kd - 1) - rest) / n);
  out.between_questions = std::sqrt(std::max(0.0, of_questions / (n - 1) - rest) / kd);
  // Under the null hypothesis a question's values may change places; within / (n (k - 1)) is their variance then.
  const double q = within > 0 ? of_variants / (within / (n * (kd - 1))) : 0;
  if (!clusters.empty() && within > 0) {
    std::map<uint32_t, std::vector<double>> sums;
    for (const size_t question : whole)
      for (size_t v = 0; v < k; ++v) {
        std::vector<double>& of = sums[clusters[question]];
        of.resize(k);
        of[v] += values[v][question];
      }
    std::vector<std::vector<double>> list;
    for (auto& [cluster, of] : sums) list.push_back(std::move(of));
    out.p = permuted_p(std::move(list), key);
    return out;
  }
  out.p = within > 0 ? boost::math::cdf(boost::math::complement(boost::math::chi_squared(kd - 1), q)) : 1;
  return out;
}

double binomial_upper(uint64_t k, uint64_t n, double p) { return k == 0 ? 1 : 1 - binomial_cdf(k - 1, n, p); }

}  // namespace sextant::stats
