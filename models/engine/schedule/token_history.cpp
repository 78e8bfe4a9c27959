#include "token_history.hpp"
#include <algorithm>

namespace sextant::engine {
namespace {

constexpr uint32_t places_looked_at = 32;
constexpr size_t slots_least = 256;

}  // namespace

size_t TokenHistory::slot(int32_t first, int32_t second) const {
  uint64_t x = (uint64_t{static_cast<uint32_t>(first)} << 32 | static_cast<uint32_t>(second)) * 0x9e3779b97f4a7c15ull;
  x ^= x >> 32;
  return x & (latest_.size() - 1);
}

// The place behind the pair that ends at `position`.
void TokenHistory::link(uint32_t position) {
  uint32_t& latest = latest_[slot(tokens_[position - 1], tokens_[position])];
  previous_[position] = latest;
  latest = position + 1;
}

void TokenHistory::append(int32_t token) {
  tokens_.push_back(token);
  previous_.push_back(none);
  const auto size = static_cast<uint32_t>(tokens_.size());
  if (size > latest_.size()) {
    latest_.assign(std::max(slots_least, 2 * latest_.size()), none);
    for (uint32_t position = 1; position < size; ++position) link(position);
  } else if (size > 1) {
    link(size - 1);
  }
}

TokenHistory::Match TokenHistory::find(std::span<const int32_t> tail) const {
  Match best;
  if (tail.size() < match_least || tokens_.empty()) return best;
  const auto most = static_cast<uint32_t>(std::min<size_t>(match_most, tail.size()));
  uint32_t place = latest_[slot(tail[tail.size() - 2], tail.back())];
  for (uint32_t i = 0; place != none && i < places_looked_at; ++i, place = previous_[place - 1]) {
    if (place == tokens_.size() || tokens_[place] == gap) continue;  // nothing follows
    uint32_t equal = 0;
    while (equal < std::min(most, place) && tokens_[place - 1 - equal] == tail[tail.size() - 1 - equal]) ++equal;
    if (equal >= match_least && equal > best.length) best = {place, equal};
    if (best.length == most) break;
  }
  return best;
}

}  // namespace sextant::engine
