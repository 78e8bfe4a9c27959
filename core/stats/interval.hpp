// A score's standard error and 95 % interval, by what kind of number it is (docs/statistics.md has the formulas and their
// sources). Pure; threads: [any].
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace sextant::stats {

inline constexpr double confidence = 0.95;
inline constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

enum class Method {
  none,         // too little to say anything: one sample, one cluster
  wilson,       // proportions of samples that are each alone
  t,            // means of such samples, with Student's t
  clustered,    // means of samples of which some belong together: t with clusters - 1 degrees of freedom
  bootstrap,    // numbers over a whole set
  jackknife,    // the same where a number takes too long for a bootstrap
  propagated,   // of a group, from its members'
};
std::string_view method_name(Method method);

struct Interval {
  double value = not_known, standard_error = not_known, low = not_known, high = not_known;
  uint64_t n = 0, clusters = 0;      // questions; groups of them that belong together, 0 where each is alone
  Method method = Method::none;
  bool known() const { return method != Method::none; }
};

/// Limits that a value cannot pass.
struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
};

/// Wilson's score interval (1927) of a proportion; `successes` may be a fraction of a success.
Interval wilson(double successes, double n, double level = confidence);

/// The mean of one value a question, NaNs left out. `clusters`: which cluster each belongs to, or empty. Values that are all 0
/// or 1 and alone get Wilson's interval, others Student's t, clusters the cluster-robust standard error with t of clusters - 1
/// degrees. Limits are cut to `range`.
Interval of_mean(std::span<const double> values, std::span<const uint32_t> clusters = {}, Range range = {});

/// The mean of paired differences: t, or clustered. Where all are equal there is no spread to go by; up to `reach` from 0, an
/// interval of as many questions (or clusters) none of which differs is taken, and without a reach none.
Interval of_mean_difference(std::span<const double> differences, std::span<const uint32_t> clusters, double reach);

/// A weighted average of independent numbers: standard errors add up in squares, and so do the distances of the limits from the
/// values (Zou and Donner 2008), so that members' intervals may be one-sided. None where a member has none.
Interval of_average(std::span<const Interval> members, std::span<const double> weights);

/// The same number in another unit, as 100 times the share.
Interval scaled(Interval interval, double factor);

/// What attempts of one question differ by, and what questions differ by, as standard deviations (one-way analysis of
/// variance).
struct Components {
  double between = not_known, within = not_known;
};
/// `values`: [question][repeat]; questions with a NaN are left out.
Components components(const std::vector<std::vector<double>>& values);

}  // namespace sextant::stats
