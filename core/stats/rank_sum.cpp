#include "rank_sum.hpp"
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace sextant::stats {

RankSum rank_sum(std::span<const double> first, std::span<const double> second) {
  std::vector<std::pair<double, bool>> all;  // value, is the first sample's
  for (const double value : first) all.emplace_back(value, true);
  for (const double value : second) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  const auto n1 = static_cast<double>(first.size()), n2 = static_cast<double>(second.size()), n = n1 + n2;
  double ranks = 0, ties = 0;  // of the first sample; the sum of t^3 - t over stretches of t equal values
  for (size_t i = 0; i < all.size();) {
    size_t end = i;
    double own = 0;
    for (; end < all.size() && all[end].first == all[i].first; ++end) own += all[end].second;
    const auto t = static_cast<double>(end - i);
    ranks += own * (static_cast<double>(i + 1 + end) / 2);
    ties += t * t * t - t;
    i = end;
  }
  const double u = ranks - n1 * (n1 + 1) / 2;
  RankSum out;
  out.above = u / (n1 * n2);
  const double variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance > 0) out.p = std::min(1.0, std::erfc((std::abs(u - n1 * n2 / 2) - 0.5) / std::sqrt(2 * variance)));
  return out;
}

}  // namespace sextant::stats
