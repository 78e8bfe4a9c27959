// Picks the next token from a row of logits. The random number depends on (seed, request id, position) alone, so a result never
// depends on what else was generated beside it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>
#include <sextant/abi.h>

namespace sextant::engine {

/// Uniform in [0, 1), 53 bits: three rounds of SplitMix64's finaliser (Steele, Lea and Flood 2014) over the key.
double uniform(uint64_t seed, uint64_t id, uint64_t position);

/// temperature, then top_k, then top_p, in transformers' order, computed in double; ties go to the lower id. Ids in `forbidden`
/// are never picked. sampling.temperature > 0.
int32_t sample(std::span<const float> logits, const sxt_sampling& sampling, std::span<const int32_t> forbidden, double random);

}  // namespace sextant::engine
