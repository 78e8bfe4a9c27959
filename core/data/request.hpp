// One thing asked of a model, or of a tool. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "sample.hpp"

namespace sextant::data {

enum class Ask {
  generate,        // continue the text or the conversation
  score,           // ln p of each continuation behind the text
  whole,           // ln p of each continuation as a whole text of its own; `text` is empty
  embed,           // a vector for the text
  tokenize,        // the text's token ids
  tool,            // run a tool; no model is asked
};
std::string_view ask_name(Ask ask);
std::optional<Ask> ask_from_name(std::string_view name);

struct Sampling {
  uint32_t max_new_tokens = 256, min_new_tokens = 0;
  float temperature = 0, top_p = 1; // temperature 0: greedy, the rest is ignored
  uint32_t top_k = 0;
  uint64_t seed = 0;                // the run's
  uint64_t stream = 0;              // hash of (task, row, repeat, turn): random numbers are keyed by (seed, stream, position)
  std::vector<std::string> stop;
  uint32_t max_thinking_tokens = 0; // 0: no limit of its own
  // what changes logits before a token is picked (abi/model.h), min_p where it is drawn
  float min_p = 0, repetition_penalty = 1, presence_penalty = 0, frequency_penalty = 0;
  uint32_t no_repeat_ngram_size = 0;
  std::vector<int32_t> suppress_tokens, begin_suppress_tokens;
};

struct Request {
  std::string key;                  // content: weights, settings, prompt; sampled ones add (task, row, repeat, turn)
  Ask ask = Ask::generate;
  uint32_t turn = 0;                // the number of this request within its attempt
  Text text;                        // the prompt; where `messages` is not empty too: these, rendered
  std::vector<Message> messages;    // a conversation; an empty `text` means that it is still to be rendered
  std::vector<int32_t> ids;         // instead of `text`: the prompt as token ids
  std::vector<Text> continuations;  // score, whole
  std::vector<std::vector<int32_t>> continuation_ids;  // instead of `continuations`, together with `ids`
  std::optional<Sampling> sampling; // generate
  uint64_t keep_bytes = 0;          // trailing bytes of `text` that must not be cut; 0: nothing is ever cut
  uint32_t max_prompt_tokens = 0;   // 0: what the context allows
  bool add_special = true;          // add BOS/EOS as the tokenizer's files say
  bool split_special = false;       // special tokens inside the text are plain text
  bool token_logprobs = false;      // want ContinuationScore::token_logprobs
  bool total_logprob = false;       // score: want ContinuationScore::total_logprob; whole always gives it
  bool token_moments = false;       // score, whole: want ContinuationScore::token_means and token_variances
  bool least_margin = false;        // generate at temperature 0: want Response::margin
  bool keep = false;                // a next turn will follow: keep its KV cache while memory allows
  std::string tools_json;           // JSON array of tool schemas offered to the model, or empty
  ToolCall tool;                    // Ask::tool
};

/// REQUEST and SAMPLING of sextant/abi/inferencer.h; what has its default is left out. From JSON, a member that does not exist
/// is an error; `defaults` is what a "sampling" that names less is filled from.
json::Value to_json(const Sampling& sampling, json::Document::AllocatorType& allocator);
Result<Sampling> sampling_from_json(const json::Value& value, std::string_view origin, const Sampling& defaults = {});
json::Value to_json(const Request& request, json::Document::AllocatorType& allocator);
Result<Request> request_from_json(const json::Value& value, std::string_view origin, const Sampling& defaults = {});

}  // namespace sextant::data
