#include "variants.hpp"
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include "distributions.hpp"

namespace sextant::stats {

VariantSpread variant_spread(const std::vector<std::vector<double>>& values) {
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
  out.p = within > 0 ? boost::math::cdf(boost::math::complement(boost::math::chi_squared(kd - 1), q)) : 1;
  return out;
}

double binomial_upper(uint64_t k, uint64_t n, double p) { return k == 0 ? 1 : 1 - binomial_cdf(k - 1, n, p); }

}  // namespace sextant::stats
