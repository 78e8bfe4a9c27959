#include "results.hpp"
#include <algorithm>
#include <cmath>
#include <limits>
#include <fmt/format.h>
#include <sextant/sdk.hpp>

namespace sextant::engine {

Results::Results(const Job& job, const sxt_result_sink& sink)
    : job_(job),
      sink_(sink),
      logprob_(job.trie.tokens().size()),
      best_(job.trie.tokens().size()),
      reused_(job.requests.size()),
      parts_(job.requests.size()) {
  for (const JobRequest& outcome : job.outcome) open_.push_back(outcome.items);
  if (!wants_moments(job)) return;
  mean_.resize(logprob_.size());
  variance_.resize(logprob_.size());
}

sxt_result Results::result_of(uint32_t request) const {
  const JobRequest& outcome = job_.outcome[request];
  sxt_result result{};
  result.struct_size = sizeof result;
  result.status = outcome.status;
  result.message = borrow(outcome.message);
  result.prompt_tokens = outcome.prompt_tokens;
  result.computed_tokens = outcome.computed_tokens - reused_[request];
  result.truncated_tokens = outcome.truncated_tokens;
  return result;
}

void Results::deliver_empty() {
  for (uint32_t r = 0; r < open_.size(); ++r)
    if (open_[r] == 0) {
      const sxt_result result = result_of(r);
      sink_.put(sink_.ctx, r, &result);
    }
}

// Workers that share a path both learn its tokens, the same numbers.
void Results::learn(const Batch& batch, std::span<const uint32_t> tokens, const Outputs& outputs) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < batch.head.size(); ++i) {
    const HeadRow& row = batch.head[i];
    for (uint32_t t = row.first_target; t < row.first_target + row.target_count; ++t) {
      logprob_[tokens[t]] = static_cast<float>(outputs.target_logits[t] - outputs.head[i].log_sum_exp);
      best_[tokens[t]] = batch.targets[t] == outputs.head[i].best;
      if (!row.moments) continue;
      mean_[tokens[t]] = outputs.head[i].mean;
      variance_[tokens[t]] = outputs.head[i].variance;
    }
  }
}

void Results::reused(const Share& share, uint32_t node, uint32_t tokens) {
  const std::lock_guard lock(mutex_);
  reused_[share.payer[node]] += tokens;
}

void Results::node_done(const Share& share, uint32_t node) {
  const std::lock_guard lock(mutex_);
  for (uint32_t item = job_.trie.nodes()[node].first_end; item != TokenTrie::none; item = job_.trie.next_end(item)) {
    if (!share.items[item]) continue;
    const uint32_t request = job_.items[item].request;
    if (!generates(*job_.requests[request])) {
      score(item, node);
    } else if (!job_.generates(item)) {  // max_new_tokens 0, or a prompt that fills the context
      sxt_result result = result_of(request);
      result.finish = SXT_FINISH_LENGTH;
      sink_.put(sink_.ctx, request, &result);
    }
  }
}

void Results::score(uint32_t item, uint32_t node) {
  const JobItem& i = job_.items[item];
  const auto& nodes = job_.trie.nodes();
  if (parts_[i.request].empty()) parts_[i.request].resize(job_.outcome[i.request].items);
  Part& part = parts_[i.request][i.part];
  std::vector<uint32_t> path;
  for (uint32_t n = node; n != 0; n = nodes[n].parent) path.push_back(n);
  std::reverse(path.begin(), path.end());
  const bool wants_tokens = job_.requests[i.request]->flags & SXT_REQUEST_TOKEN_LOGPROBS;
  const bool total = wants_total(*job_.requests[i.request]), moments = wants_moments(*job_.requests[i.request]);
  bool greedy = true;
  uint32_t position = 0;
  for (const uint32_t n : path)
    for (uint32_t t = nodes[n].first_token; t < nodes[n].first_token + nodes[n].length; ++t, ++position) {
      if (position == 0) continue;
      if (total) part.score.total_logprob += logprob_[t];
      if (position < i.start) continue;
      part.score.logprob += logprob_[t];
      ++part.score.token_count;
      greedy = greedy && best_[t];
      if (wants_tokens) part.token_logprob.push_back(logprob_[t]);
      if (!moments) continue;
      part.token_mean.push_back(mean_[t]);
      part.token_variance.push_back(variance_[t]);
    }
  if (!total) part.score.total_logprob = std::numeric_limits<double>::quiet_NaN();
  part.score.total_tokens = i.tokens;
  part.score.flags = greedy ? 1 : 0;
  if (--open_[i.request] == 0) {
    deliver(i.request, parts_[i.request]);
    std::vector<Part>().swap(parts_[i.request]);
  }
}

namespace {

std::string not_finite(uint32_t request) {
  return fmt::format(
      "request {}: the model's probabilities are not finite; its file is damaged, or it needs another compute type", request);
}

}  // namespace

void Results::deliver(uint32_t request, std::vector<Part>& parts) {
  sxt_result result = result_of(request);
  std::vector<const sxt_score*> scores;
  std::string message;
  for (Part& part : parts) {
    part.score.struct_size = sizeof part.score;
    if (!part.token_logprob.empty()) part.score.token_logprob = part.token_logprob.data();
    if (!part.token_mean.empty()) part.score.token_mean = part.token_mean.data();
    if (!part.token_variance.empty()) part.score.token_variance = part.token_variance.data();
    scores.push_back(&part.score);
    if (!std::isfinite(wants_total(*job_.requests[request]) ? part.score.total_logprob : part.score.logprob)) {
      result.status = SXT_BAD_DATA;
      message = not_finite(request);
    }
  }
  result.message = borrow(message);
  if (result.status == SXT_OK) result.score = scores.data();
  sink_.put(sink_.ctx, request, &result);
}

void Results::generated(uint32_t item, const Sequence& sequence) {
  const uint32_t request = job_.items[item].request;
  const std::lock_guard lock(mutex_);
  sxt_result result = result_of(request);
  result.text = borrow(sequence.text());
  result.ids = sequence.ids().data();
  result.id_count = sequence.ids().size();
  result.generated_tokens = static_cast<uint32_t>(sequence.ids().size());
  result.finish = sequence.finish();
  sequence.margins().write(result);
  sink_.put(sink_.ctx, request, &result);
}

void Results::failed(uint32_t item) {
  const uint32_t request = job_.items[item].request;
  const std::string message = not_finite(request);
  const std::lock_guard lock(mutex_);
  sxt_result result = result_of(request);
  result.status = SXT_BAD_DATA;
  result.message = borrow(message);
  sink_.put(sink_.ctx, request, &result);
}

}  // namespace sextant::engine
