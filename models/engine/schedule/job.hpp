// What a call has to compute: every request's items, laid into one trie, and who pays for which token. Fixed before anything
// runs, and independent of the order in which it will run.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>
#include <sextant/abi.h>
#include "../tokenizer/tokenizer.hpp"
#include "items.hpp"
#include "share.hpp"
#include "trie.hpp"

namespace sextant::engine {

struct JobItem {
  uint32_t request, part;    // part: the continuation's index
  uint32_t start, tokens;    // the continuation's first token, the item's length
  uint32_t new_tokens;       // generating: how many may follow (what the context allows); 0: nothing is generated
  uint32_t rope_length;      // that of all its tokens when scoring, of its prompt when generating
};
struct JobRequest {
  sxt_status status = SXT_OK;
  std::string message;
  uint32_t items = 0;
  uint32_t prompt_tokens = 0, computed_tokens = 0, truncated_tokens = 0;
};

/// Calls body(i) for i in [0, n), perhaps on several threads.
using ForEach = std::function<void(uint64_t n, const std::function<void(uint64_t)>& body)>;

struct Job {
  std::span<const sxt_request* const> requests;
  std::vector<JobRequest> outcome;  // [requests]
  std::vector<JobItem> items;       // numbered as in the trie
  TokenTrie trie;
  std::vector<Share> shares;        // one for each worker
  uint64_t prompt_tokens = 0, computed_tokens = 0, new_tokens = 0;

  bool generates(uint32_t item) const { return items[item].new_tokens > 0; }
};
/// Whether any request does.
bool wants_moments(const Job& job);

/// Tokenises in blocks with `for_each`, so that only distinct tokens stay in memory. `rope_length` is the model's
/// (architecture.hpp). `cancelled` is asked between blocks; the job is not complete then. It is shared out to one worker.
Job make_job(std::span<const sxt_request* const> requests, const Tokenizer& tokenizer, const ItemLimits& limits,
             bool prefix_reuse, const std::function<uint32_t(uint32_t tokens)>& rope_length, const ForEach& for_each,
             const std::function<bool()>& cancelled);

}  // namespace sextant::engine
