// A request for an embedding and what comes of it, as the engine has them; whoever speaks to the core turns its own into these.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/abi.h>

namespace sextant::engine {

/// A text, or token ids as they are. What is longer than the model takes is cut from its end; special tokens around it stay.
struct EmbeddingRequest {
  std::string_view text{};
  std::optional<std::span<const int32_t>> ids{};  // instead of the text
  bool add_special = true;     // the text gets the special tokens that the tokenizer's files put around texts
  bool split_special = false;  // special tokens inside the text are plain text
};
struct EmbeddingResult {
  sxt_status status = SXT_OK;  // of this request alone
  std::string message{};
  std::span<const float> vector{};  // [DeviceLimits::hidden], borrowed for the call; empty where the request failed
  uint32_t prompt_tokens = 0, truncated_tokens = 0;
};
/// Called once for each request, one at a time, in any order.
using EmbeddingResultSink = std::function<void(uint64_t index, const EmbeddingResult&)>;

/// A request as tokens.
struct EmbeddingText {
  std::vector<int32_t> tokens;
  uint32_t truncated = 0;
  std::string wrong;  // why it has no embedding
};
/// A call's requests, told apart: those for an embedding, and the others.
struct AskedFor {
  explicit AskedFor(std::span<const sxt_request* const> requests);
  std::vector<const sxt_request*> embeddings, others;
  std::vector<uint64_t> embedding_numbers, other_numbers;  // of each in the call

  /// Hands the others' results on under the numbers that they have in the call.
  struct Renumbered {
    const std::vector<uint64_t>& numbers;
    const sxt_result_sink& to;
    sxt_result_sink sink() {
      return {this, [](void* ctx, uint64_t index, const sxt_result* result) {
                const auto& self = *static_cast<const Renumbered*>(ctx);
                self.to.put(self.to.ctx, self.numbers[index], result);
              }};
    }
  };
};
/// What the engine needs of a request for an embedding.
EmbeddingRequest embedding_request(const sxt_request& request);

/// How many tokens the tokenizer puts before and after a text.
struct Surround {
  uint32_t before = 0, after = 0;
};

}  // namespace sextant::engine
