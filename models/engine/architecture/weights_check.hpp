// What is wrong with a model's weights, or odd, though every tensor has its place: values that are not finite, a head beside a
// tied embedding, RoPE's frequencies of another model. One list, for loading and for `sextant model info`.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include "architecture.hpp"

namespace sextant::engine {

/// Calls body(i) for i in [0, n), perhaps on several threads.
using ForEachTensor = std::function<void(uint64_t n, const std::function<void(uint64_t)>& body)>;

/// One sentence each. An error where a tensor that every request uses holds a NaN or an infinity. Reads all weights.
Result<std::vector<std::string>> check_weights(const Checkpoint& checkpoint, const Architecture& architecture,
                                               const ForEachTensor& for_each);
/// The same of an encoder's tensors.
Result<std::vector<std::string>> check_encoder_weights(const Checkpoint& checkpoint, const ForEachTensor& for_each);

/// Whether there is a head whose numbers are not the embedding's.
bool has_other_head(const Checkpoint& checkpoint, const Architecture& architecture);

}  // namespace sextant::engine
