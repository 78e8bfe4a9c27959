// Gathers what became known about the items of each request and delivers a request's result when its last item is done.
#pragma once
#include <cstdint>
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
  /// ln p of a token of the trie, and whether it was the best.
  void learn(uint32_t token, double logprob, bool best) {
    logprob_[token] = static_cast<float>(logprob);
    best_[token] = best;
  }
  /// All probabilities up to the end of this node are known.
  void node_done(uint32_t node);
  /// A generation is over.
  void generated(uint32_t item, const Sequence& sequence);

 private:
  struct Part {
    sxt_score score{};
    std::vector<float> token_logprob;
  };
  void score(uint32_t item, uint32_t node);
  void deliver(uint32_t request, const std::vector<Part>& parts);
  sxt_result result_of(uint32_t request) const;

  const Job& job_;
  sxt_result_sink sink_;
  std::vector<float> logprob_;   // [tokens of the trie]
  std::vector<uint8_t> best_;    // [tokens of the trie]
  std::vector<uint32_t> open_;   // [requests] items that are not done
  std::vector<std::vector<Part>> parts_;  // [requests] empty before the first item is done and after delivery
};

}  // namespace sextant::engine
