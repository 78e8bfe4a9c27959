// The generations of the loop: their rows of a batch, drafts among them, and what the rows' outputs say.
#include "loop.hpp"
#include <algorithm>
#include <cmath>
#include <sextant/sdk.hpp>
#include "sampler.hpp"

namespace sextant::engine {

float* Loop::logits_row(const sxt_sampling& sampling) {
  if (!tokenizer_ || limits_.draws || !(sampling.temperature > 0)) return nullptr;
  if (logits_used_ == logits_.size()) logits_.emplace_back(limits_.vocab);
  return logits_[logits_used_++].data();
}

// Its first token is known; where that is all, it is over.
void Loop::begin(Started& started, Results* results) {
  const JobItem& item = job_.items[started.item];
  Live live{.item = started.item,
            .node = started.node,
            .pages = std::move(started.pages),
            .reserved = started.reserved,
            .token = first_token_[started.item]};
  if (results) live.sequence.emplace(sampling_of(started.item), *tokenizer_, item.new_tokens);
  if (auto adjusted = first_adjustments_.extract(started.item)) live.adjustments = std::move(adjusted.mapped());
  if (results) {
    const sxt_sampling& sampling = sampling_of(started.item);
    const uint32_t own = SXT_HAS(&sampling, max_thinking_tokens) ? sampling.max_thinking_tokens : 0;
    if (const uint32_t budget = own ? own : options_.thinking_budget)
      live.thinking.emplace(budget, view(job_.requests[item.request]->prefix), *tokenizer_);
  }
  if (speculation_) live.text.append(job_.trie.path(started.node));
  std::optional<float> margin;
  if (const auto known = first_margin_.extract(started.item)) margin = known.mapped();
  if (!accept(live, live.token, margin, results)) live_.push_back(std::move(live));
}

// Others that go on from the same prompt say much the same, as far as they are further on: the first few are looked at.
constexpr size_t siblings_most = 4;

void Loop::draft_for(Live& live) {
  live.draft.clear();
  if (!speculation_) return;
  std::vector<const TokenHistory*> siblings;
  for (const Live& other : live_)
    if (&other != &live && other.node == live.node && siblings.size() < siblings_most) siblings.push_back(&other.text);
  live.guess = speculation_->guess(live.text, siblings);
  const bool sampled = sampling_of(live.item).temperature > 0;
  uint32_t length = speculation_->draft_length(live.guess, live.record, sampled, static_cast<uint32_t>(live_.size()),
                                               limits_.step_rows);
  if (options_.seed != 0) {  // any draft must do, a wrong one above all
    length = static_cast<uint32_t>(random_() % 5);
    while (live.guess.tokens.size() < length) live.guess.tokens.push_back(static_cast<int32_t>(random_() % limits_.vocab));
    if (length > 0 && random_() % 4 == 0)
      live.guess.tokens[random_() % length] = static_cast<int32_t>(random_() % limits_.vocab);
  }
  uint32_t& left = sampled ? draft_logits_left_ : draft_rows_left_;
  // the last token of the reply needs no state
  length = std::min({length, job_.items[live.item].new_tokens - live.generated - 1, draft_rows_left_, left});
  live.draft.assign(live.guess.tokens.begin(), live.guess.tokens.begin() + length);
  draft_rows_left_ -= length;
  if (sampled) draft_logits_left_ -= length;
  speculation_->count(length, 0);
}

// Sees to it that the page of a position is there and the generation's own.
void Loop::place(Live& live, uint32_t position) {
  const uint32_t index = position / page_tokens;
  if (!live.own_tail) {
    live.own_tail = true;
    if (position % page_tokens != 0) {
      const uint32_t copy = pool_.take_reserved();
      --live.reserved;
      batch_.copies.push_back({live.pages[index], copy});
      tails_.push_back(live.pages[index]);
      live.pages[index] = copy;
    }
  }
  if (index == live.pages.size()) {
    live.pages.push_back(pool_.take_reserved());
    --live.reserved;
  }
}

// Its last token, and its draft behind it.
void Loop::add_rows(Live& live) {
  draft_for(live);
  const JobItem& item = job_.items[live.item];
  const sxt_sampling& sampling = sampling_of(live.item);
  const uint32_t first = item.tokens + live.generated - 1, rows = 1 + static_cast<uint32_t>(live.draft.size());
  for (uint32_t k = 0; k < rows; ++k) place(live, first + k);
  batch_.runs.push_back({batch_.rows(), rows, first, static_cast<uint32_t>(batch_.pages.size()), item.rope_length});
  batch_.pages.insert(batch_.pages.end(), live.pages.begin(), live.pages.end());
  live.head = static_cast<uint32_t>(batch_.head.size());
  std::optional<Adjustments> ahead;
  if (live.adjustments && rows > 1) ahead = live.adjustments;
  for (uint32_t k = 0; k < rows; ++k) {
    if (k > 0 && ahead) ahead->add(live.draft[k - 1]);
    batch_.head.push_back({batch_.rows(), 0, 0, live.generated + k < sampling.min_new_tokens, logits_row(sampling)});
    batch_.head.back().margin = wants_margin(*job_.requests[item.request]);
    if (limits_.draws) batch_.head.back().draw = draw_at(sampling, live.generated + k);
    if (live.adjustments) adjust(batch_.head.back(), ahead ? *ahead : *live.adjustments);
    batch_.tokens.push_back(k == 0 ? live.token : live.draft[k - 1]);
    batch_.positions.push_back(first + k);
  }
}

void Loop::adjust(HeadRow& row, const Adjustments& adjustments) {
  row.first_adjustment = static_cast<uint32_t>(batch_.adjustments.size());
  adjustments.append_to(batch_.adjustments);
  row.adjustment_count = static_cast<uint32_t>(batch_.adjustments.size()) - row.first_adjustment;
}

int32_t Loop::pick(const Outputs& outputs, uint32_t head, uint32_t item, uint32_t position) const {
  if (!std::isfinite(outputs.head[head].log_sum_exp)) return no_token;
  if (limits_.draws) return outputs.head[head].best;
  const std::span<const float> logits(batch_.head[head].logits, batch_.head[head].logits ? limits_.vocab : 0);
  return next_token(sampling_of(item), outputs.head[head].best, logits, tokenizer_->end_of_generation(), position);
}

std::optional<float> Loop::margin_of(const Outputs& outputs, uint32_t head) const {
  return batch_.head[head].margin ? std::optional(outputs.head[head].margin) : std::nullopt;
}

// What the batch says of a generation: one token, and one more for each of the draft's that was right. Returns true when it is
// over.
bool Loop::advance(Live& live, const Outputs& outputs, Results* results) {
  if (!results) return accept(live, live.token, {}, results);
  const bool sampled = sampling_of(live.item).temperature > 0;
  for (uint32_t k = 0;; ++k) {
    int32_t token = pick(outputs, live.head + k, live.item, live.generated);
    std::optional<float> margin = margin_of(outputs, live.head + k);
    if (live.thinking && live.thinking->forces()) margin.reset();  // no choice
    if (live.thinking && token != no_token) token = live.thinking->next(token);
    if (k < live.guess.tokens.size()) speculation_->learn(live.guess, k, sampled, token, live.record);
    const bool right = k < live.draft.size() && token == live.draft[k];
    if (right) speculation_->count(0, 1);
    if (accept(live, token, margin, results)) return true;
    if (!right) return false;
  }
}

// Returns true when the generation is over: delivered, its pages given back.
bool Loop::accept(Live& live, int32_t token, std::optional<float> margin, Results* results) {
  live.token = token;
  ++live.generated;
  const uint32_t room = job_.items[live.item].new_tokens;
  if (live.sequence && token == no_token) {
    results->failed(live.item);
  } else if (live.sequence ? !live.sequence->accept(token, margin) : live.generated < room) {
    if (live.adjustments) live.adjustments->add(token);
    if (live.thinking) live.thinking->said(token, live.sequence->text());
    if (speculation_) live.text.append(token);
    return false;
  } else if (live.sequence) {
    results->generated(live.item, *live.sequence);
  }
  end(live);
  return true;
}

// Its pages are free again, or kept for a next turn.
void Loop::end(Live& live) {
  generated_ += job_.items[live.item].new_tokens;
  const bool next_turn = job_.requests[job_.items[live.item].request]->flags & SXT_REQUEST_KEEP;
  const bool kept = next_turn && retained_ && live.token != no_token;
  // pages that only a draft went to have nothing in them
  const size_t used = kept ? pages_for(job_.items[live.item].tokens + live.generated - 1) : 0;
  for (; live.pages.size() > used; live.pages.pop_back()) pool_.release(live.pages.back());
  if (kept) keep(live);
  pool_.unreserve(live.reserved);
  if (!speculation_) return;
  const auto prompt = live.text.tokens().first(job_.items[live.item].tokens);
  speculation_->keep(prompt.last(std::min<size_t>(prompt.size(), TokenHistory::match_most)), live.sequence->ids());
}

// Nothing has been computed for the last token.
void Loop::keep(const Live& live) {
  std::vector<int32_t> path = job_.trie.path(live.node);
  const auto& ids = live.sequence->ids();
  path.insert(path.end(), ids.begin(), ids.begin() + live.generated - 1);
  retained_->keep(job_.items[live.item].rope_length, path, live.pages);
}

}  // namespace sextant::engine
