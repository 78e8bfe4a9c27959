// How often at least one, or at least a share, of k attempts at a question is right, estimated without bias from n attempts of
// which c are right. Pure functions; threads: [any].
#pragma once
#include <cstdint>

namespace sextant::stats {

/// 1 - C(n - c, k) / C(n, k): the chance that k of the n attempts, taken at random, hold a right one (Chen et al. 2021,
/// "Evaluating Large Language Models Trained on Code"). 1 where k is more than the wrong ones.
double pass_at_k(uint64_t n, uint64_t c, uint64_t k);

/// The chance that at least `least` of k attempts, taken at random from the n, are right: the upper tail of the hypergeometric
/// distribution. 0 where that cannot be, and where k > n.
double at_least(uint64_t n, uint64_t c, uint64_t k, uint64_t least);

/// G-Pass@k at the threshold tau (Liu et al. 2024, "Are Your LLMs Capable of Stable Reasoning?"): at_least(max(ceil(k tau),
/// 1)). The ceiling is that of the product as a double, as OpenCompass takes it.
double g_pass_at_k(uint64_t n, uint64_t c, uint64_t k, double tau);

/// mG-Pass@k: 2 / k times the sum of at_least(i) for i from ceil(k / 2) + 1 to k: the mean over thresholds from 0.5 to 1.
double mg_pass_at_k(uint64_t n, uint64_t c, uint64_t k);

}  // namespace sextant::stats
