#include "agreement.hpp"
#include <cmath>
#include <limits>
#include <map>

namespace sextant::stats {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
double beyond_chance(double observed, double expected) { return expected < 1 ? (observed - expected) / (1 - expected) : nan; }

}  // namespace

double cohen_kappa(std::span<const std::pair<std::string, std::string>> pairs) {
  if (pairs.empty()) return nan;
  std::map<std::string, std::pair<double, double>> shares;   // of either rater
  double same = 0;
  const double n = static_cast<double>(pairs.size());
  for (const auto& [first, second] : pairs) {
    shares[first].first += 1 / n;
    shares[second].second += 1 / n;
    same += first == second;
  }
  double expected = 0;
  for (const auto& [category, share] : shares) expected += share.first * share.second;
  return shares.size() < 2 ? nan : beyond_chance(same / n, expected);
}

double fleiss_kappa(const std::vector<std::vector<std::string>>& items) {
  if (items.empty() || items.front().size() < 2) return nan;
  const double raters = static_cast<double>(items.front().size()), n = static_cast<double>(items.size());
  std::map<std::string, double> shares;
  double observed = 0;
  for (const auto& item : items) {
    if (item.size() != items.front().size()) return nan;
    std::map<std::string, double> counts;
    for (const std::string& verdict : item) ++counts[verdict];
    double pairs = 0;
    for (const auto& [category, count] : counts) {
      pairs += count * (count - 1);
      shares[category] += count / (n * raters);
    }
    observed += pairs / (raters * (raters - 1)) / n;
  }
  double expected = 0;
  for (const auto& [category, share] : shares) expected += share * share;
  return shares.size() < 2 ? nan : beyond_chance(observed, expected);
}

double krippendorff_alpha(const std::vector<std::vector<std::string>>& items) {
  std::map<std::string, double> totals;
  double n = 0, disagreeing = 0;
  for (const auto& item : items) {
    if (item.size() < 2) continue;
    const double m = static_cast<double>(item.size());
    std::map<std::string, double> counts;
    for (const std::string& verdict : item) ++counts[verdict], ++totals[verdict];
    for (const auto& [category, count] : counts) disagreeing += count * (m - count) / (m - 1);
    n += m;
  }
  double by_chance = 0;
  for (const auto& [category, total] : totals) by_chance += total * (n - total);
  return by_chance > 0 ? 1 - (n - 1) * disagreeing / by_chance : nan;
}

double krippendorff_alpha(const std::vector<std::vector<double>>& items) {
  // The sum of squared differences of all ordered pairs of m numbers is 2 (m * sum of squares - square of the sum). Numbers are
  // taken from their mean, which differences do not see.
  double n = 0, mean = 0;
  for (const auto& item : items)
    if (item.size() >= 2)
      for (const double value : item) mean += (value - mean) / ++n;
  const auto spread = [](double m, double sum, double squares) { return 2 * (m * squares - sum * sum); };
  double within = 0, sum_all = 0, squares_all = 0;
  for (const auto& item : items) {
    if (item.size() < 2) continue;
    const double m = static_cast<double>(item.size());
    double sum = 0, squares = 0;
    for (const double value : item) sum += value - mean, squares += (value - mean) * (value - mean);
    within += spread(m, sum, squares) / (m - 1);
    sum_all += sum, squares_all += squares;
  }
  const double all = spread(n, sum_all, squares_all);
  return n > 1 && all > 0 ? 1 - (n - 1) * within / all : nan;
}

}  // namespace sextant::stats
