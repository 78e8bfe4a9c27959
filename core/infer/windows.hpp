// How a text that is longer than the model's context is cut into windows, so that each token is scored once. Pure. Threads:
// [any].
#pragma once
#include <cstddef>
#include <vector>

namespace sextant::infer {

/// Token positions. What is predicted is [begin, end); what stands before it is [context, begin), or the token that begins
/// every text where that is empty.
struct Window {
  size_t context = 0, begin = 0, end = 0;
  bool operator==(const Window&) const = default;
};

/// lm-eval's: `length` tokens are predicted at a time behind one token of context; the last window takes its context from the
/// tokens before it, so that it reads `length` tokens, too. The first token is predicted behind the token that begins every
/// text.
std::vector<Window> disjoint_windows(size_t tokens, size_t length);

/// transformers': windows of `length` tokens, each `stride` tokens (less than `length`) further on; the tokens that no window
/// before predicted are predicted, with the rest as context. The first token of all has nothing before it, and is not
/// predicted.
std::vector<Window> strided_windows(size_t tokens, size_t length, size_t stride);

}  // namespace sextant::infer
