#include "calibration.hpp"
#include <algorithm>
#include <array>
#include <cmath>

namespace sextant::stats {

Calibration calibration_of(std::span<const Chance> chances) {
  struct Bin {
    double confidence = 0, right = 0, n = 0;
  };
  std::array<Bin, 10> bins;
  Calibration out;
  for (const Chance& chance : chances) {
    if (std::isnan(chance.confidence)) continue;
    // a bin holds its upper end, as in the paper: (0.8, 0.9]
    const double place = std::ceil(chance.confidence * static_cast<double>(bins.size())) - 1;
    Bin& bin = bins[static_cast<size_t>(std::clamp(place, 0.0, static_cast<double>(bins.size() - 1)))];
    bin.confidence += chance.confidence;
    bin.right += chance.right;
    bin.n += 1;
    out.brier += chance.brier;
    ++out.n;
  }
  if (out.n == 0) return out;
  const auto n = static_cast<double>(out.n);
  for (const Bin& bin : bins) {
    out.ece += std::abs(bin.right - bin.confidence) / n;
    out.confidence += bin.confidence / n;
    out.accuracy += bin.right / n;
  }
  out.brier /= n;
  return out;
}

double auc_roc(std::span<const Chance> chances) {
  std::vector<const Chance*> sorted;
  for (const Chance& chance : chances)
    if (!std::isnan(chance.confidence)) sorted.push_back(&chance);
  std::sort(sorted.begin(), sorted.end(), [](const Chance* a, const Chance* b) { return a->second < b->second; });
  double positive = 0, ranks = 0;
  for (size_t i = 0; i < sorted.size();) {
    size_t end = i;
    while (end < sorted.size() && sorted[end]->second == sorted[i]->second) ++end;
    const double rank = (static_cast<double>(i) + 1 + static_cast<double>(end)) / 2;  // of equal ones the mean
    for (; i < end; ++i)
      if (sorted[i]->second_right) ++positive, ranks += rank;
  }
  const double negative = static_cast<double>(sorted.size()) - positive;
  if (positive == 0 || negative == 0) return std::numeric_limits<double>::quiet_NaN();
  return (ranks - positive * (positive + 1) / 2) / (positive * negative);
}

Chance chance_of(std::span<const double> logprobs, size_t right) {
  Chance out;
  const auto greatest = std::max_element(logprobs.begin(), logprobs.end());
  double sum = 0;
  for (const double logprob : logprobs) sum += std::exp(logprob - *greatest);
  for (size_t i = 0; i < logprobs.size(); ++i) {
    const double p = std::exp(logprobs[i] - *greatest) / sum, wanted = i == right ? 1 : 0;
    out.brier += (p - wanted) * (p - wanted);
    if (i == 1) out.second = p, out.second_right = i == right;
  }
  out.confidence = 1 / sum;
  out.right = static_cast<size_t>(greatest - logprobs.begin()) == right;
  return out;
}

}  // namespace sextant::stats
