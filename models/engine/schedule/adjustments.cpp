#include "adjustments.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

bool penalises(const sxt_sampling& s) {
  return (s.repetition_penalty > 0 && s.repetition_penalty != 1) || s.presence_penalty != 0 || s.frequency_penalty != 0;
}

}  // namespace

bool Adjustments::wanted(const sxt_sampling& s) {
  if (!SXT_COVERS(&s, begin_suppress_tokens)) return false;
  return penalises(s) || s.no_repeat_ngram_size > 0 || s.suppress_tokens.count > 0 || s.begin_suppress_tokens.count > 0;
}

Adjustments::Adjustments(const sxt_sampling& sampling, const std::vector<int32_t>& prompt, uint32_t vocab)
    : sampling_(&sampling), vocab_(vocab) {
  if (sampling.no_repeat_ngram_size > 0) history_ = prompt;
  if (!(sampling.repetition_penalty > 0) || sampling.repetition_penalty == 1) return;
  for (const int32_t id : prompt) seen_.emplace_back(id, 0);
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
}

void Adjustments::add(int32_t token) {
  ++generated_;
  if (sampling_->no_repeat_ngram_size > 0) history_.push_back(token);
  if (!penalises(*sampling_)) return;
  const auto at = std::lower_bound(seen_.begin(), seen_.end(), std::pair<int32_t, uint32_t>(token, 0));
  if (at != seen_.end() && at->first == token) ++at->second;
  else seen_.insert(at, {token, 1});
}

std::vector<int32_t> Adjustments::forbidden() const {
  std::vector<int32_t> ids;
  const auto take = [&](const sxt_ids& list) { ids.insert(ids.end(), list.data, list.data + list.count); };
  take(sampling_->suppress_tokens);
  if (generated_ == 0) take(sampling_->begin_suppress_tokens);
  // what followed the last n - 1 tokens wherever they stood before
  const size_t n = sampling_->no_repeat_ngram_size;
  if (n > 0 && history_.size() >= n) {
    const auto last = history_.end() - static_cast<std::ptrdiff_t>(n - 1);
    for (auto it = history_.begin(); it != last; ++it)
      if (std::equal(last, history_.end(), it)) ids.push_back(*(it + static_cast<std::ptrdiff_t>(n - 1)));
  }
  std::erase_if(ids, [&](int32_t id) { return id < 0 || static_cast<uint32_t>(id) >= vocab_; });
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

void Adjustments::append_to(std::vector<Adjustment>& to) const {
  const float penalty = sampling_->repetition_penalty > 0 ? sampling_->repetition_penalty : 1;
  const std::vector<int32_t> never = forbidden();
  auto next = never.begin();
  for (const auto& [id, times] : seen_) {
    for (; next != never.end() && *next < id; ++next) to.push_back({*next, 0, 0});
    if (next != never.end() && *next == id) continue;
    const float subtract =
        times > 0 ? sampling_->frequency_penalty * static_cast<float>(times) + sampling_->presence_penalty : 0;
    if ((penalty != 1 || subtract != 0) && static_cast<uint32_t>(id) < vocab_) to.push_back({id, penalty, subtract});
  }
  for (; next != never.end(); ++next) to.push_back({*next, 0, 0});
}

}  // namespace sextant::engine
