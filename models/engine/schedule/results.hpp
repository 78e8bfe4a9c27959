// Gathers what became known about the items of each request and delivers a request's result when its last item is done, one at
// a time. Threads: several workers, each for its share.
#pragma once
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>
#include <sextant/abi.h>
#include "device.hpp"
#include "job.hpp"
#include "sequence.hpp"

namespace sextant::engine {

class Results {
 public:
  Results(const Job& job, const sxt_result_sink& sink);

  /// Requests that were refused, and those that ask for nothing.
  void deliver_empty();
  /// What a batch says of tokens of the trie: ln p, and whether each was the best. tokens: [Batch::targets]
  void learn(const Batch& batch, std::span<const uint32_t> tokens, const Outputs& outputs);
  /// All probabilities up to the end of this node are known to the worker of that share.
  void node_done(const Share& share, uint32_t node);
  /// Tokens of a node were not computed: their KV cache was there. Told before any request that is charged for them is done.
  void reused(const Share& share, uint32_t node, uint32_t tokens);
  /// A generation is over.
  void generated(uint32_t item, const Sequence& sequence);
  /// A generation cannot go on: the model's probabilities are not finite.
  void failed(uint32_t item);

 private:
  struct Part {
    sxt_score score{};
    std::vector<float> token_logprob, token_mean, token_variance;
  };
  void score(uint32_t item, uint32_t node);
  void deliver(uint32_t request, std::vector<Part>& parts);
  sxt_result result_of(uint32_t request) const;  // under the mutex

  const Job& job_;
  sxt_result_sink sink_;
  std::mutex mutex_;             // what follows, and the sink
  std::vector<float> logprob_;   // [tokens of the trie]
  std::vector<uint8_t> best_;    // [tokens of the trie]
  std::vector<float> mean_, variance_;  // [tokens of the trie] of ln p in a token's place; empty: nobody wants them
  std::vector<uint32_t> open_;   // [requests] items that are not done
  std::vector<uint32_t> reused_;  // [requests] tokens charged to it that were not computed
  std::vector<std::vector<Part>> parts_;  // [requests] empty before the first item is done and after delivery
};

}  // namespace sextant::engine
