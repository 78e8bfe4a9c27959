// Texts to vectors: packs token sequences into batches, takes the states that the pooling asks for, and makes one vector of
// each sequence. The output head has no part in it, and sequences share nothing: the mean needs the state of every token.
//
// A vector's bits depend on its tokens alone: states are added up in the order of their positions, in double, whatever the
// batches, their order and the number of devices.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>
#include "device.hpp"
#include "scheduler.hpp"

namespace sextant::engine {

/// Which states a vector is made of: all tokens' (those that the tokenizer adds included), the last one's, the first one's.
enum class Pooling : uint8_t { mean, last, cls };
/// "mean", "last" or "cls"; nothing for another name.
std::optional<Pooling> pooling_named(std::string_view name);
const char* name_of(Pooling pooling);

struct EmbeddingItem {
  std::vector<int32_t> tokens;  // at least one, at most the context's
  uint32_t rope_length = 0;     // the model's for so many tokens (architecture.hpp)
};
/// One item's vector [hidden], called once for each, one at a time, in any order. Numbers that are not finite are the model's.
using EmbeddingSink = std::function<void(uint32_t item, std::span<const float> vector)>;

/// Computes all items on devices that give states and are alike; returns false when cancelled. `normalise`: to length 1. Throws
/// what a device throws.
bool embed(std::span<const EmbeddingItem> items, Pooling pooling, bool normalise, std::span<Device* const> devices,
           const ScheduleOptions& options, const Hooks& hooks, const EmbeddingSink& sink);

}  // namespace sextant::engine
