#include "gate.hpp"
#include <algorithm>
#include <cmath>
#include "paired.hpp"

namespace sextant::stats {
namespace {

double log_mean_exp(const double* values, int count) {
  const double most = *std::max_element(values, values + count);
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += std::exp(values[i] - most);
  return most + std::log(sum / count);
}

}  // namespace

Decision decide(const Interval& difference, double margin) {
  if (difference.known() && difference.low > -margin) return {Verdict::go, std::nullopt};
  if (difference.known() && difference.high < -margin) return {Verdict::no_go, std::nullopt};
  Decision out;
  const double distance = std::abs(difference.value + margin);
  if (!difference.known() || !(distance > 0) || !(difference.standard_error > 0)) return out;
  const double needed =
      std::pow(minimum_detectable_factor() * difference.standard_error / distance, 2) * static_cast<double>(difference.n);
  constexpr double countable = 1e9;
  if (needed >= countable) return out;
  out.more = static_cast<uint64_t>(std::max(1.0, std::ceil(needed - static_cast<double>(difference.n))));
  return out;
}

Sequential::Sequential(double margin, double reach, double alpha)
    : margin_(margin), reach_(reach), threshold_(std::log(2 / alpha)) {}

void Sequential::add(double difference) {
  ++n_;
  // a difference shifted by the margin lies in [-reach + margin, reach + margin]; its mean is 0 where the candidate is just the
  // margin worse. Half the stake that could lose all keeps every bet's logarithm finite.
  const double shifted = std::clamp(difference, -reach_, reach_) + margin_;
  const double up_max = 1 / std::max(1e-12, reach_ - margin_), down_max = 1 / (reach_ + margin_);
  for (int i = 0; i < bets; ++i) {
    const double share = (i + 0.5) / bets;
    above_[i] += std::log1p(share * up_max * shifted);
    below_[i] += std::log1p(-share * down_max * shifted);
  }
  above_passed_ = above_passed_ || log_mean_exp(above_, bets) >= threshold_;
  below_passed_ = below_passed_ || log_mean_exp(below_, bets) >= threshold_;
}

Verdict Sequential::verdict() const {
  return above_passed_ ? Verdict::go : below_passed_ ? Verdict::no_go : Verdict::inconclusive;
}

}  // namespace sextant::stats
