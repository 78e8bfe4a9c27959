// Log-probabilities of given texts, in the ways that servers have: completions with echo, vLLM's prompt_logprobs,
// llama-server's endpoint a token at a time. A request becomes rounds of exchanges; what they say becomes the scores of the
// ABI. Pure. [owner] per request.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <sextant/sdk.hpp>
#include "body.hpp"
#include "probe.hpp"
#include "reply.hpp"

namespace sextant::openai {

struct ScoredText {
  double logprob = 0, total_logprob = 0;
  uint32_t tokens = 0, total_tokens = 0;
  bool greedy = true;
  std::vector<float> token_logprobs;
};

/// The work of one request.
class ScoreWork {
 public:
  virtual ~ScoreWork() = default;
  /// The exchanges of the first round.
  virtual std::vector<Message> begin() = 0;
  /// The answer to one of them. An error: it is none, ask again.
  virtual Result<void> take(size_t part, const json::Value& answer) = 0;
  /// When all of a round have come: the next round, empty at the end. Throws PluginError where what came cannot be scored.
  virtual std::vector<Message> next() = 0;
  virtual const std::vector<ScoredText>& scores() const = 0;
  uint64_t prompt_tokens = 0;
  size_t waiting = 0;              // exchanges of the round that have not come
  size_t first_part = 0;           // the number of the round's first exchange
};
std::unique_ptr<ScoreWork> score_work(const Settings& settings, const Served& served, const sxt_request& request);

/// Scores a short text; why the server cannot do it in that way, or "".
std::string try_scoring(const Settings& settings, const Served& served, Scoring way,
                        const std::function<std::unique_ptr<Exchange>(std::string url, std::string body)>& ask);

/// /tokenize of vLLM and of llama-server.
std::string tokenize_body(const Served& served, std::string_view text, bool add_special, bool split_special);
std::optional<std::vector<int32_t>> read_tokens(const json::Value& answer);

}  // namespace sextant::openai
