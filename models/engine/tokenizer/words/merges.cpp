#include "merges.hpp"
#include <algorithm>
#include <bit>
#include <cstddef>
#include <queue>

namespace sextant::engine {
namespace {

// Up to here a scan for the best pair beats a heap (measured on words of 16 to 1,000 bytes).
constexpr size_t short_symbols = 128;

uint64_t pair_of(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

Merges::Merges(size_t count) {
  const size_t size = std::bit_ceil(2 * count + 2);
  entries_.resize(size);
  shift_ = 64 - std::countr_zero(size);
}

void Merges::add(int32_t left, int32_t right, int32_t rank, int32_t merged) {
  const uint64_t pair = pair_of(left, right);
  size_t i = slot(pair);
  while (entries_[i].pair != empty && entries_[i].pair != pair) i = (i + 1) & (entries_.size() - 1);
  entries_[i] = {pair, rank, merged};
}

const Merges::Entry* Merges::find(int32_t left, int32_t right) const {
  const uint64_t pair = pair_of(left, right);
  for (size_t i = slot(pair);; i = (i + 1) & (entries_.size() - 1)) {
    if (entries_[i].pair == pair) return &entries_[i];
    if (entries_[i].pair == empty) return nullptr;
  }
}

void Merges::prefetch(int32_t left, int32_t right) const { __builtin_prefetch(&entries_[slot(pair_of(left, right))]); }

void Merges::apply(std::vector<WordToken>& symbols) const {
  if (symbols.size() <= short_symbols) merge_short(symbols);
  else merge_long(symbols);
}

void Merges::merge_short(std::vector<WordToken>& symbols) const {
  int32_t ranks[short_symbols], merged[short_symbols];  // of the pair (i, i + 1)
  const auto look = [&](size_t i) {
    const Entry* entry = find(symbols[i].id, symbols[i + 1].id);
    ranks[i] = entry ? entry->rank : no_rank;
    merged[i] = entry ? entry->merged : 0;
  };
  size_t n = symbols.size();
  // the table is larger than the processor's caches, so what will be looked up is asked for first
  for (size_t i = 0; i + 1 < n; ++i) prefetch(symbols[i].id, symbols[i + 1].id);
  for (size_t i = 0; i + 1 < n; ++i) look(i);
  while (n > 1) {
    const auto best = static_cast<size_t>(std::min_element(ranks, ranks + n - 1) - ranks);  // of equal ranks the leftmost
    if (ranks[best] == no_rank) break;
    symbols[best] = {merged[best], symbols[best + 1].end};
    std::copy(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 2, symbols.begin() + static_cast<std::ptrdiff_t>(n),
              symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    if (best + 2 < n) {
      std::copy(ranks + best + 2, ranks + n - 1, ranks + best + 1);
      std::copy(merged + best + 2, merged + n - 1, merged + best + 1);
    }
    --n;
    if (best > 0) prefetch(symbols[best - 1].id, symbols[best].id);
    if (best + 1 < n) prefetch(symbols[best].id, symbols[best + 1].id);
    if (best > 0) look(best - 1);
    if (best + 1 < n) look(best);
  }
  symbols.resize(n);
}

// O(n log n), so that a megabyte without a blank costs no more than a megabyte of words.
void Merges::merge_long(std::vector<WordToken>& symbols) const {
  struct Candidate {
    int32_t rank;
    uint32_t left;            // index of the left symbol
    int32_t left_id, right_id;  // as they were when the candidate was made; a changed one makes it stale
    int32_t merged;
    bool operator<(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  constexpr uint32_t none = UINT32_MAX;
  const auto n = static_cast<uint32_t>(symbols.size());
  std::vector<uint32_t> previous(n), next(n);
  for (uint32_t i = 0; i < n; ++i) {
    previous[i] = i == 0 ? none : i - 1;
    next[i] = i + 1 == n ? none : i + 1;
  }
  std::priority_queue<Candidate> queue;
  const auto push = [&](uint32_t left) {
    if (left == none || next[left] == none) return;
    const int32_t left_id = symbols[left].id, right_id = symbols[next[left]].id;
    if (const Entry* entry = find(left_id, right_id)) queue.push({entry->rank, left, left_id, right_id, entry->merged});
  };
  for (uint32_t i = 0; i + 1 < n; ++i) push(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const uint32_t left = best.left, right = next[left];
    if (right == none || symbols[left].id != best.left_id || symbols[right].id != best.right_id) continue;
    symbols[left] = {best.merged, symbols[right].end};
    symbols[right].id = -1;  // gone
    next[left] = next[right];
    if (next[right] != none) previous[next[right]] = left;
    push(previous[left]);
    push(left);
  }
  symbols.erase(std::remove_if(symbols.begin(), symbols.end(), [](const WordToken& s) { return s.id < 0; }), symbols.end());
}

}  // namespace sextant::engine
