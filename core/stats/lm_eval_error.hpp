// The standard error that lm-evaluation-harness bootstraps for a number over a whole set: Python's random stream, so that it is
// the same number. Pure; threads: [any].
#pragma once
#include <cstdint>
#include "resample.hpp"

namespace sextant::stats {

/// lm-eval's default of draws, and its most for BLEU, chrF and TER.
inline constexpr uint64_t lm_eval_draws = 100'000, lm_eval_draws_of_texts = 100;

/// The deviation of `draws` numbers, each over `n` places that random.choices() draws. They are drawn in chunks of up to 1000,
/// each from a stream whose seed is its number; what does not fill a chunk is not drawn, as there. NaN where there are fewer
/// than two places, or a draw has no number. `statistic` is called from up to `threads` threads.
double lm_eval_error(uint64_t n, uint64_t draws, const Statistic& statistic, unsigned threads = 1);

}  // namespace sextant::stats
