// Two models on the same questions: how much they differ and whether that may be chance (docs/statistics.md). Differences are
// the second's value less the first's. Pure; threads: [any].
#pragma once
#include <span>
#include <vector>
#include "interval.hpp"

namespace sextant::stats {

/// McNemar's exact test: of `first_only + second_only` questions that one model alone has right, as uneven a division or more
/// is how likely where both are equally good. Two-sided.
double mcnemar_exact(uint64_t first_only, uint64_t second_only);

/// The difference of two proportions on the same n questions (Bonett and Price 2012): one question is added to either side, so
/// that the interval keeps its coverage where few questions differ. The value is the plain difference.
Interval of_paired_proportions(uint64_t first_only, uint64_t second_only, uint64_t n);

struct Permutation {
  double p = 1;
  bool exact = false;                // all sign patterns were looked at, not a sample of them
};
/// Where both are equally good, a question's difference has either sign with the same chance; whole clusters change theirs
/// together. p is the share of sign patterns whose sum is at least as far from 0: of all of them up to 2^16, else of 9,999
/// drawn from the stream of `key` and the one that was seen. Two-sided. NaNs are left out.
Permutation permutation_test(std::span<const double> differences, std::span<const uint32_t> clusters, uint64_t key);

/// Multiplied so that the chance of one false finding or more among all is as for a single test (Holm 1979). NaNs are left out.
std::vector<double> holm(std::span<const double> p);

/// The smallest difference that a two-sided test at 5 % finds in four of five experiments of that standard error.
double minimum_detectable(double standard_error);
/// That difference in standard errors: z of 97.5 % and z of 80 %.
double minimum_detectable_factor();

/// Evidence against "both are equally good" that may be looked at after every question (Waudby-Smith and Ramdas 2023): what one
/// unit of money would have become by betting on the differences, averaged over fixed shares of it from -1 to 1. Beyond 20 is
/// significant at 5 %, whenever one stops. `reach`: no difference is farther from 0; whole clusters are one bet.
double e_value(std::span<const double> differences, std::span<const uint32_t> clusters, double reach);

}  // namespace sextant::stats
