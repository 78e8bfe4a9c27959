// Picks the next token from a row of logits. The random number depends on (seed, request id, position) alone, so a result never
// depends on what else was generated in the same batch.
#pragma once
#include <cstdint>
#include <span>
#include <vector>
#include <sextant/abi.h>
#include "draw.hpp"

namespace sextant::engine {

/// Uniform, 53 bits: three rounds of SplitMix64's finaliser (Steele, Lea and Flood 2014) over the key.
uint64_t random_bits(uint64_t seed, uint64_t id, uint64_t position);

/// What is drawn at this position of a generation.
Draw draw_at(const sxt_sampling& sampling, uint64_t position);

/// temperature, then top_k, then top_p, then min_p, in transformers' order, with the weights of draw.hpp; of equal logits the
/// lower id comes first. Ids in `forbidden` are never picked. draw.temperature > 0; logits finite.
int32_t sample(std::span<const float> logits, const Draw& draw, std::span<const int32_t> forbidden);

}  // namespace sextant::engine
