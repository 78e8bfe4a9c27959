// Two lists of tokens against each other, 64 pairs at a time: where a token of one stands in the other, as bits; the longest common
// subsequence and Levenshtein's distance from them. Pure; threads: [owner].
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace sextant::text {

using Symbols = std::span<const char32_t>;

/// Words of 64 bits that an alignment may take: some seconds. Lists that need more are said to be too long.
inline constexpr double alignment_words_max = 4e9;
inline double alignment_words(size_t a, size_t b) { return static_cast<double>(a) * static_cast<double>((b + 63) / 64); }

/// For each symbol the places where it stands in a list. A symbol that is frequent has its bits ready; those of the others, which
/// are few, are set when they are asked for: so the memory stays that of the list.
class MatchRows {
 public:
  explicit MatchRows(Symbols list) : words_((list.size() + 63) / 64), scratch_(words_) {
    for (size_t i = 0; i < list.size(); ++i) places_[list[i]].push_back(static_cast<uint32_t>(i));
    for (auto& [symbol, places] : places_) {
      if (places.size() <= words_) continue;  // at most 64 symbols stand in more places than that
      std::vector<uint64_t>& bits = frequent_[symbol];
      bits.resize(words_);
      for (const uint32_t i : places) bits[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
  size_t words() const { return words_; }
  /// Valid until the next call.
  const uint64_t* operator()(char32_t symbol) {
    if (const auto found = frequent_.find(symbol); found != frequent_.end()) return found->second.data();
    if (shown_)
      for (const uint32_t i : *shown_) scratch_[i / 64] = 0;
    const auto found = places_.find(symbol);
    shown_ = found == places_.end() ? nullptr : &found->second;
    if (shown_)
      for (const uint32_t i : *shown_) scratch_[i / 64] |= uint64_t{1} << (i % 64);
    return scratch_.data();
  }

 private:
  size_t words_;
  std::unordered_map<char32_t, std::vector<uint32_t>> places_;
  std::unordered_map<char32_t, std::vector<uint64_t>> frequent_;
  std::vector<uint64_t> scratch_;
  const std::vector<uint32_t>* shown_ = nullptr;
};

/// The table of longest common subsequences of a and b, row by row of a (Hyyrö 2004): a bit of b is 0 where the subsequence grows
/// with that token.
class SubsequenceRows {
 public:
  SubsequenceRows(Symbols a, Symbols b) : a_(a), b_(b), matches_(b), row_(matches_.words(), ~uint64_t{0}) {}

  size_t length() {
    for (const char32_t token : a_) step(token, row_);
    return grown(row_, b_.size());
  }

  /// Which tokens of a are in the subsequence: of several, the one that rouge-score finds on its way back, last first. Rows are kept
  /// at distances, and computed again in between: memory is that of their square root.
  std::vector<size_t> places_in_a() {
    const size_t every = std::max<size_t>(16, static_cast<size_t>(std::sqrt(static_cast<double>(a_.size()))));
    std::vector<std::vector<uint64_t>> kept, block;
    for (size_t i = 0; i < a_.size(); ++i) {
      if (i % every == 0) kept.push_back(row_);
      step(a_[i], row_);
    }
    std::vector<size_t> out;
    size_t first = a_.size();  // of the block: block[k] is the row above a[first + k]
    const auto above = [&](size_t i) -> const std::vector<uint64_t>& {  // the row above a[i]
      if (i < first) {
        first = i / every * every;
        block.assign(1, kept[first / every]);
        for (size_t k = first; k < std::min(first + every, a_.size()); ++k) {
          block.push_back(block.back());
          step(a_[k], block.back());
        }
      }
      return block[i - first];
    };
    size_t i = a_.size(), j = b_.size();
    size_t here = grown(row_, j);  // t[i][j]
    size_t up = i > 0 ? grown(above(i - 1), j) : 0;  // t[i - 1][j]
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        out.push_back(i - 1);
        --i, --j;
        here = up - grows(above(i), j);
        if (i > 0) up = grown(above(i - 1), j);
      } else if (here > up) {  // to the left: what is there has grown by a's token
        --j;
        up -= grows(above(i - 1), j);
      } else {
        --i;
        here = up;
        if (i > 0) up = grown(above(i - 1), j);
      }
    }
    return out;
  }

 private:
  void step(char32_t token, std::vector<uint64_t>& row) {
    const uint64_t* match = matches_(token);
    uint64_t carry = 0;
    for (size_t w = 0; w < row.size(); ++w) {
      const uint64_t v = row[w], u = v & match[w];
      uint64_t sum = 0;
      const bool over = __builtin_add_overflow(v, u, &sum);
      const bool over_again = __builtin_add_overflow(sum, carry, &sum);
      carry = over || over_again;
      row[w] = sum | (v & ~match[w]);
    }
  }
  static bool grows(const std::vector<uint64_t>& row, size_t j) { return (row[j / 64] >> (j % 64) & 1) == 0; }
  static size_t grown(const std::vector<uint64_t>& row, size_t j) {
    size_t ones = 0, w = 0;
    for (; (w + 1) * 64 <= j; ++w) ones += static_cast<size_t>(std::popcount(row[w]));
    if (j % 64 != 0) ones += static_cast<size_t>(std::popcount(row[w] & ((uint64_t{1} << (j % 64)) - 1)));
    return j - ones;
  }

  Symbols a_, b_;
  MatchRows matches_;
  std::vector<uint64_t> row_;
};

/// Levenshtein's distance (Myers 1999, in blocks).
inline size_t levenshtein(Symbols a, Symbols b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) a = a.subspan(1), b = b.subspan(1);
  while (!a.empty() && !b.empty() && a.back() == b.back()) a = a.first(a.size() - 1), b = b.first(b.size() - 1);
  if (a.size() < b.size()) std::swap(a, b);
  if (b.empty()) return a.size();
  MatchRows matches(b);
  std::vector<uint64_t> plus(matches.words(), ~uint64_t{0}), minus(matches.words());
  size_t distance = b.size();
  for (const char32_t symbol : a) {
    const uint64_t* match = matches(symbol);
    uint64_t plus_in = 1, minus_in = 0;  // the row above all: one more for each symbol of a
    for (size_t w = 0; w < plus.size(); ++w) {
      const uint64_t vertical = match[w] | minus[w], equal = match[w] | minus_in;
      const uint64_t diagonal = (((equal & plus[w]) + plus[w]) ^ plus[w]) | equal;
      const uint64_t up = minus[w] | ~(diagonal | plus[w]), down = plus[w] & diagonal;
      const size_t last = w + 1 < plus.size() ? 63 : (b.size() - 1) % 64;
      const uint64_t plus_out = up >> last & 1, minus_out = down >> last & 1;
      const uint64_t shifted_up = up << 1 | plus_in, shifted_down = down << 1 | minus_in;
      plus[w] = shifted_down | ~(vertical | shifted_up);
      minus[w] = shifted_up & vertical;
      plus_in = plus_out, minus_in = minus_out;
    }
    distance += plus_in;
    distance -= minus_in;
  }
  return distance;
}

}  // namespace sextant::text
