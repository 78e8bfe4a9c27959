// The same questions in several variants that should not matter: how much of a score's spread is the variants', how much that
// of single questions in single variants, and whether it is more than chance (docs/statistics.md). Pure; threads: [any].
#pragma once
#include <cstdint>
#include <span>
#include <vector>
#include "interval.hpp"

namespace sextant::stats {

struct VariantSpread {
  uint64_t questions = 0;                  // that have a value in every variant
  std::vector<double> means;               // [variant]
  double between = not_known;              // standard deviation of variants' true means, 0 where it is estimated below
  double question_by_variant = not_known;  // that of what a variant does to a single question, chance included
  double between_questions = not_known;
  uint64_t changed = 0;  // questions whose value is not the same in all variants
  double p = not_known;  // variants are equal: Cochran's Q (1950); of values other than 0 and 1 its generalisation
};
/// `values`: [variant][question]. A two-way analysis of variance, each question once in each variant. `clusters`: [question],
/// empty: each is its own. Where there are some, p is by permutations: the variants of a cluster's questions change places
/// together, in patterns drawn from the stream of `key`.
VariantSpread variant_spread(const std::vector<std::vector<double>>& values, std::span<const uint32_t> clusters = {},
                             uint64_t key = 0);

/// P[X >= k] of n independent events with probability p each.
double binomial_upper(uint64_t k, uint64_t n, double p);

}  // namespace sextant::stats
