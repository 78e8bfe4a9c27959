// Requests as token sequences: one item for each continuation that is scored, one for each prompt that is continued.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>
#include <sextant/abi.h>
#include "../tokenizer/tokenizer.hpp"

namespace sextant::engine {

struct Item {
  std::vector<int32_t> tokens;
  uint32_t start = 0;      // scoring: the continuation's first token that has a probability; generating: tokens.size()
  uint32_t truncated = 0;  // tokens cut from the left
};

struct RequestItems {
  std::vector<Item> items;
  sxt_status status = SXT_OK;  // of this request alone
  std::string message;
};

inline bool generates(const sxt_request& request) { return request.ask == SXT_ASK_GENERATE; }
/// Probabilities of all tokens, not of the continuation's alone.
inline bool wants_total(const sxt_request& request) {
  return request.ask == SXT_ASK_WHOLE || request.flags & SXT_REQUEST_TOTAL_LOGPROB;
}

/// How narrowly its tokens were chosen.
inline bool wants_margin(const sxt_request& request) {
  return generates(request) && request.flags & SXT_REQUEST_LEAST_MARGIN && request.sampling && !(request.sampling->temperature > 0);
}
inline bool wants_moments(const sxt_request& request) {
  return !generates(request) && request.flags & SXT_REQUEST_TOKEN_MOMENTS;
}

/// What a model can be given.
struct ItemLimits {
  uint32_t context;           // tokens
  uint32_t rows = UINT32_MAX; // of the embedding: a tokenizer may have more ids
  bool details = true;        // the device gives margins and moments
};

/// Tokenises one request, or takes the ids that it gives. `index` names it in messages. Boundary, empty prefix and truncation
/// are the rules of abi/model.h; a token that the tokenizer itself puts in front (BOS) is not what is cut. What the engine
/// cannot do is refused with SXT_UNSUPPORTED, a token that has no row in the embedding with SXT_BAD_DATA. [any]
RequestItems make_items(const sxt_request& request, uint64_t index, const Tokenizer& tokenizer, const ItemLimits& limits);

}  // namespace sextant::engine
