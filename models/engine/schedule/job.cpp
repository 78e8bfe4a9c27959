#include "job.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

constexpr uint64_t block = 256;  // requests tokenised before their tokens are laid into the trie

void add_request(Job& job, uint32_t index, RequestItems&& made, uint32_t context,
                 const std::function<uint32_t(uint32_t)>& rope_length, bool share) {
  JobRequest& outcome = job.outcome[index];
  const sxt_sampling* sampling = generates(*job.requests[index]) ? job.requests[index]->sampling : nullptr;
  outcome.status = made.status;
  outcome.message = std::move(made.message);
  outcome.items = static_cast<uint32_t>(made.items.size());
  for (uint32_t part = 0; part < made.items.size(); ++part) {
    const Item& item = made.items[part];
    const auto tokens = static_cast<uint32_t>(item.tokens.size());
    const uint32_t room = sampling ? std::min(sampling->max_new_tokens, context - tokens) : 0;
    job.items.push_back({index, part, item.start, tokens, room, rope_length(tokens)});
    job.trie.add(item.tokens, job.items.back().rope_length, share);
    outcome.prompt_tokens += tokens;
    outcome.truncated_tokens += item.truncated;
    job.new_tokens += room;
  }
  job.prompt_tokens += outcome.prompt_tokens;
}

}  // namespace

bool wants_moments(const Job& job) {
  return std::any_of(job.requests.begin(), job.requests.end(), [](const sxt_request* request) { return wants_moments(*request); });
}

Job make_job(std::span<const sxt_request* const> requests, const Tokenizer& tokenizer, const ItemLimits& limits,
             bool prefix_reuse, const std::function<uint32_t(uint32_t)>& rope_length, const ForEach& for_each,
             const std::function<bool()>& cancelled) {
  Job job;
  job.requests = requests;
  job.outcome.resize(requests.size());
  for (uint64_t first = 0; first < requests.size() && !cancelled(); first += block) {
    std::vector<RequestItems> made(std::min<uint64_t>(block, requests.size() - first));
    for_each(made.size(), [&](uint64_t i) { made[i] = make_items(*requests[first + i], first + i, tokenizer, limits); });
    for (uint64_t i = 0; i < made.size(); ++i)
      add_request(job, static_cast<uint32_t>(first + i), std::move(made[i]), limits.context, rope_length, prefix_reuse);
  }
  share_out(job, 1);
  return job;
}

}  // namespace sextant::engine
