// What came back. The journal holds these, one line each. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <limits>
#include <string>
#include <vector>
#include "message.hpp"

namespace sextant::data {

struct ContinuationScore {
  double logprob = 0;                        // nats, of the continuation's tokens
  double total_logprob = std::numeric_limits<double>::quiet_NaN();  // of the item's tokens 2..N; NaN where it was not wanted
  uint32_t tokens = 0, total_tokens = 0;     // of the continuation; N of the item
  bool greedy = false;                       // every token of the continuation was the argmax
  std::vector<float> token_logprobs;         // where they were wanted
  std::vector<float> token_means, token_variances;  // of ln p over the vocabulary at each token's place, likewise
};

/// The choice of a greedy reply that was the narrowest.
struct Margin {
  float least = 0;       // ln p of the token that was chosen less that of the second best
  uint32_t token = 0;    // how many tokens of its reply had been said before it
  uint32_t request = 0;  // of an attempt that asks several times: of which request, from 0
};

enum class Finish { none, eos, stop, length, tool_calls };
std::string_view finish_name(Finish finish);  // "", "eos", "stop", "length", "tool_calls"
std::optional<Finish> finish_from_name(std::string_view name);

struct Usage {
  uint32_t prompt_tokens = 0;                // as if nothing were shared
  uint32_t computed_tokens = 0;              // really computed for this request
  uint32_t generated_tokens = 0;
  uint32_t truncated_tokens = 0;             // cut from the prompt's left
  Usage& operator+=(const Usage& more);
};

struct Response {
  std::string key;                           // the request's
  std::string text, thinking;                // generate, tool
  std::vector<int32_t> ids;                  // tokenize: the ids; generate: those of the text, which the JSON leaves out
  std::vector<ContinuationScore> scores;     // score, whole: one per continuation
  std::vector<ToolCall> calls;
  std::vector<float> embedding;
  Finish finish = Finish::none;
  std::optional<Margin> margin;              // generate at temperature 0, where it was wanted
  Usage usage;
  std::optional<Error> error;                // this request's own; never journalled
  bool too_long = false;                     // the error is that the prompt does not fit
};

/// {"least", "token", "request"?}, in journals and predictions.
json::Value to_json(const Margin& margin, json::Document::AllocatorType& allocator);
Result<Margin> margin_from_json(const json::Value& value, std::string_view origin);

/// The journal's line, without the LF: complete and lossless; doubles with as many digits as it takes to read the same bits
/// back.
std::string to_line(const Response& response);
Result<Response> response_from_line(std::string_view line);
/// The same as a JSON value: RESPONSE of sextant/abi/inferencer.h.
json::Value to_json(const Response& response, json::Document::AllocatorType& allocator);
Result<Response> response_from_json(const json::Value& value, std::string_view origin);

}  // namespace sextant::data
