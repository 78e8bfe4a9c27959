// Quantiles and tails of the distributions that intervals and tests rest on. Pure; threads: [any].
#pragma once
#include <cstdint>

namespace sextant::stats {

/// z with P[Z <= z] = p, 0 < p < 1.
double normal_quantile(double p);
/// t with P[T <= t] = p, 0 < p < 1, `degrees` > 0.
double student_quantile(double p, double degrees);
/// P[|T| >= |t|].
double student_two_sided(double t, double degrees);
/// P[X <= k] of n trials with success probability p.
double binomial_cdf(uint64_t k, uint64_t n, double p);

}  // namespace sextant::stats
