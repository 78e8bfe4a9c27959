#include "sequence.hpp"
#include <algorithm>
#include <sextant/sdk.hpp>
#include "sampler.hpp"

namespace sextant::engine {

// Looks for the stop strings in what was added from `from` on, and cuts the text before the first.
bool Sequence::stopped(size_t from) {
  size_t first = std::string::npos;
  for (uint64_t i = 0; i < sampling_->stop_count; ++i) {
    const std::string_view stop = view(sampling_->stop[i]);
    if (stop.empty()) continue;
    first = std::min(first, text_.find(stop, from > stop.size() - 1 ? from - (stop.size() - 1) : 0));
  }
  if (first == std::string::npos) return false;
  text_.resize(first);
  finish_ = SXT_FINISH_STOP;
  return true;
}

bool Sequence::accept(int32_t token, std::optional<float> margin) {
  if (margin) margins_.add(*margin, ids_.size());
  const auto& end = tokenizer_->end_of_generation();
  const size_t before = text_.size();
  if (!forbids_end() && std::find(end.begin(), end.end(), token) != end.end()) {
    text_ += decoder_.finish();
    if (!stopped(before)) finish_ = SXT_FINISH_EOS;
    return true;
  }
  ids_.push_back(token);
  text_ += decoder_.push(token);
  if (stopped(before)) return true;
  if (ids_.size() < room_) return false;
  const size_t rest = text_.size();
  text_ += decoder_.finish();
  stopped(rest);
  return true;
}

int32_t next_token(const sxt_sampling& sampling, int32_t best, std::span<const float> logits, std::span<const int32_t> end,
                   uint64_t position) {
  if (!(sampling.temperature > 0)) return best;
  const bool forbid_end = position < sampling.min_new_tokens;
  return sample(logits, draw_at(sampling, position), forbid_end ? end : std::span<const int32_t>{});
}

}  // namespace sextant::engine
