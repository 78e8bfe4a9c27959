#include "prediction_powered.hpp"
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

namespace sextant::stats {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Moments {
  double mean = 0, variance = 0;     // divided by n - 1
};
template <class Values, class Of>
Moments moments(const Values& values, Of of) {
  Moments out;
  const double n = static_cast<double>(values.size());
  for (const auto& value : values) out.mean += of(value) / n;
  for (const auto& value : values) out.variance += (of(value) - out.mean) * (of(value) - out.mean) / (n - 1);
  return out;
}

}  // namespace

PredictionPowered prediction_powered(std::span<const std::pair<double, double>> labelled, std::span<const double> judged,
                                     std::span<const uint32_t> of_labelled, std::span<const uint32_t> of_judged) {
  const double n = static_cast<double>(labelled.size()), others = static_cast<double>(judged.size());
  if (labelled.size() < 2) return {nan, nan, nan, nan, 0, labelled.size()};
  const Moments person = moments(labelled, [](const auto& pair) { return pair.first; });
  const Moments judge = moments(labelled, [](const auto& pair) { return pair.second; });
  double covariance = 0;
  for (const auto& [y, f] : labelled) covariance += (y - person.mean) * (f - judge.mean) / (n - 1);
  std::vector<double> all(judged.begin(), judged.end());
  for (const auto& pair : labelled) all.push_back(pair.second);
  const double spread = moments(all, [](double v) { return v; }).variance;
  PredictionPowered out;
  if (judged.size() >= 2 && spread > 0) out.lambda = std::clamp(covariance / (spread * (1 + n / others)), 0.0, 1.0);
  const Moments rest = moments(labelled, [&](const auto& pair) { return pair.first - out.lambda * pair.second; });
  const Moments far = out.lambda > 0 ? moments(judged, [](double v) { return v; }) : Moments{};
  out.value = rest.mean + out.lambda * far.mean;
  double variance = rest.variance / n + (out.lambda > 0 ? out.lambda * out.lambda * far.variance / others : 0);
  out.labels = labelled.size();
  if (!of_labelled.empty()) {
    // what each cluster moves the estimate by, labelled and unlabelled samples of it together
    std::map<uint32_t, double> moved;
    for (size_t i = 0; i < labelled.size(); ++i)
      moved[of_labelled[i]] += (labelled[i].first - out.lambda * labelled[i].second - rest.mean) / n;
    out.labels = moved.size();
    for (size_t i = 0; i < judged.size() && out.lambda > 0; ++i)
      moved[of_judged[i]] += out.lambda * (judged[i] - far.mean) / others;
    const double groups = static_cast<double>(moved.size());
    variance = 0;
    for (const auto& [cluster, by] : moved) variance += by * by * groups / (groups - 1);
    if (out.labels < 2) variance = nan;
  }
  out.standard_error = std::sqrt(variance);
  const double reach = out.labels < least_labels ? nan : 1.959963984540054 * out.standard_error;
  out.low = out.value - reach;
  out.high = out.value + reach;
  return out;
}

}  // namespace sextant::stats
