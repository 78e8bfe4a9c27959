#include "pass_at_k.hpp"
#include <algorithm>
#include <cmath>

namespace sextant::stats {
namespace {

// P[X = x] where X is the number of right ones among k of n attempts, c of them right. Products of ratios near 1, so that no
// binomial coefficient overflows: C(c, x) C(n - c, k - x) / C(n, k), taken apart into k factors.
double exactly(uint64_t n, uint64_t c, uint64_t k, uint64_t x) {
  if (x > c || x > k || k - x > n - c) return 0;
  // right ones first, then wrong ones, in each of the C(k, x) orders
  double p = 1;
  uint64_t drawn = 0;
  for (uint64_t i = 0; i < x; ++i, ++drawn)
    p *= static_cast<double>(c - i) / static_cast<double>(n - drawn) * static_cast<double>(k - i) / static_cast<double>(x - i);
  for (uint64_t i = 0; i < k - x; ++i, ++drawn) p *= static_cast<double>(n - c - i) / static_cast<double>(n - drawn);
  return p;
}

}  // namespace

double pass_at_k(uint64_t n, uint64_t c, uint64_t k) {
  if (n - c < k) return 1;
  double none = 1;
  for (uint64_t i = n - c + 1; i <= n; ++i) none *= 1 - static_cast<double>(k) / static_cast<double>(i);
  return 1 - none;
}

double at_least(uint64_t n, uint64_t c, uint64_t k, uint64_t least) {
  if (k > n || n == 0 || least > std::min(c, k)) return 0;
  if (least == 0) return 1;
  double sum = 0;
  for (uint64_t x = std::min(c, k); x >= least; --x) sum += exactly(n, c, k, x);
  return std::min(sum, 1.0);
}

double g_pass_at_k(uint64_t n, uint64_t c, uint64_t k, double tau) {
  const double least = std::ceil(static_cast<double>(k) * tau);
  return at_least(n, c, k, least < 1 ? 1 : static_cast<uint64_t>(least));
}

double mg_pass_at_k(uint64_t n, uint64_t c, uint64_t k) {
  if (k == 0) return 0;
  double sum = 0;
  for (uint64_t i = (k + 1) / 2 + 1; i <= k; ++i) sum += at_least(n, c, k, i);
  return 2 * sum / static_cast<double>(k);
}

}  // namespace sextant::stats
