// TER (Snover et al. 2006) as sacreBLEU 2.6 computes it with its defaults: words in lower case; the fewest edits, where a run of
// words may move as one edit. Its limits, Tercom's for the most part, are a part of the number. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include "../../text/tokens.hpp"

namespace sextant::metric {

/// Of a sentence, with its best reference; sums of these make a set's.
struct TerCounts {
  double edits = 0, wanted = 0;   // wanted: the references' mean length in words
  void add(const TerCounts& other) { edits += other.edits, wanted += other.wanted; }
};

inline double ter_of(const TerCounts& counts) {
  if (counts.wanted > 0) return 100 * counts.edits / counts.wanted;
  return counts.edits > 0 ? 100 : 0;
}

namespace detail {

using Words = std::vector<char32_t>;   // numbers of text::Numbering

/// The edits between one reference and answers of one length. Only cells near the diagonal are looked at.
class BeamDistance {
 public:
  explicit BeamDistance(const Words& reference) : reference_(reference) {}

  /// Rows for words that stand in front of the last answer, too, are kept.
  int64_t operator()(const Words& given) {
    const size_t n = given.size(), m = reference_.size();
    size_t known = 0;
    if (rows_.size() == n + 1)
      while (known < n && given_[known] == given[known]) ++known;
    if (rows_.size() != n + 1) {
      rows_.assign(n + 1, {});
      for (auto& row : rows_) row.assign(m + 1, Cell{});
      for (size_t j = 0; j <= m; ++j) rows_[0][j] = {static_cast<int64_t>(j), 'i'};
    }
    given_ = given;
    const double ratio = n > 0 ? static_cast<double>(m) / static_cast<double>(n) : 1;
    const double width = beam < ratio / 2 ? std::ceil(ratio / 2 + beam) : beam;
    for (size_t i = known + 1; i <= n; ++i) {
      std::fill(rows_[i].begin(), rows_[i].end(), Cell{});
      const double diagonal = std::floor(static_cast<double>(i) * ratio);
      const auto from = static_cast<size_t>(std::max(0.0, diagonal - width));
      const auto to = i == n ? m + 1 : static_cast<size_t>(std::min(static_cast<double>(m + 1), diagonal + width));
      for (size_t j = from; j < to; ++j) fill(i, j);
    }
    return rows_[n][m].cost;
  }

  /// How the last answer lies on the reference.
  struct Alignment {
    std::vector<int64_t> place;                    // [word of the reference] in the answer; -1: before its first
    std::vector<char> answer_wrong, reference_wrong;
  };
  Alignment alignment() const {
    std::string steps;
    for (size_t i = given_.size(), j = reference_.size(); i > 0 || j > 0;) {
      const char step = rows_[i][j].step;
      steps += step;
      if (step != 'i') --i;
      if (step != 'd') --j;
    }
    Alignment out;
    int64_t at = -1;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      const char wrong = *step != ' ';
      if (*step != 'i') ++at, out.answer_wrong.push_back(wrong);
      if (*step != 'd') out.place.push_back(at), out.reference_wrong.push_back(wrong);
    }
    return out;
  }

 private:
  static constexpr double beam = 25;
  static constexpr int64_t far = 10'000'000'000'000'000;
  struct Cell {
    int64_t cost = far;
    char step = 'i';   // ' ' the same, s another, d a word of the answer too much, i one missing
  };
  void fill(size_t i, size_t j) {
    Cell& cell = rows_[i][j];
    const auto offer = [&](int64_t cost, char step) {
      if (cost < cell.cost) cell = {cost, step};
    };
    if (j == 0) {
      cell = {rows_[i - 1][0].cost + 1, 'd'};
      return;
    }
    const bool same = given_[i - 1] == reference_[j - 1];
    offer(rows_[i - 1][j - 1].cost + (same ? 0 : 1), same ? ' ' : 's');   // of equal costs the first counts
    offer(rows_[i - 1][j].cost + 1, 'd');
    offer(rows_[i][j - 1].cost + 1, 'i');
  }

  const Words& reference_;
  Words given_;
  std::vector<std::vector<Cell>> rows_;   // [words of the answer][words of the reference]
};

/// `words` with the run moved in front of what stood at `target`.
inline Words moved(const Words& words, size_t start, size_t length, size_t target) {
  const auto from = words.begin() + static_cast<std::ptrdiff_t>(start), end = from + static_cast<std::ptrdiff_t>(length);
  // a target inside of the run moves it behind as many of the words that follow
  if (target >= start && target <= start + length)
    target = std::min(words.size(), length + target);
  const auto to = words.begin() + static_cast<std::ptrdiff_t>(target);
  Words out;
  out.reserve(words.size());
  if (to < from) {
    out.insert(out.end(), words.begin(), to);
    out.insert(out.end(), from, end);
    out.insert(out.end(), to, from);
    out.insert(out.end(), end, words.end());
  } else {
    out.insert(out.end(), words.begin(), from);
    out.insert(out.end(), end, to);
    out.insert(out.end(), from, end);
    out.insert(out.end(), to, words.end());
  }
  return out;
}

/// The one move that saves the most edits; false: none does, or enough have been tried.
inline bool shift(Words& given, const Words& reference, BeamDistance& distance, size_t& tried) {
  constexpr size_t run_max = 10, reach = 50, tries_max = 1000;
  const int64_t before = distance(given);
  const auto alignment = distance.alignment();
  struct Best {
    int64_t saved, length, start, target;
    auto operator<=>(const Best&) const = default;
  };
  std::optional<Best> best;
  Words after;
  const auto any = [](const std::vector<char>& wrong, size_t at, size_t n) {
    return std::any_of(wrong.begin() + static_cast<std::ptrdiff_t>(at), wrong.begin() + static_cast<std::ptrdiff_t>(at + n),
                       [](char each) { return each != 0; });
  };
  const auto look = [&](size_t start, size_t at, size_t length) {
    if (!any(alignment.answer_wrong, start, length) || !any(alignment.reference_wrong, at, length)) return;
    const int64_t place = alignment.place[at];
    if (place >= static_cast<int64_t>(start) && place < static_cast<int64_t>(start + length)) return;
    int64_t last = -1;
    for (size_t offset = 0; offset <= length; ++offset) {   // behind the word before the run's, then behind each of its own
      int64_t target = 0;
      if (at + offset > 0) {
        if (at + offset - 1 >= alignment.place.size()) break;
        target = alignment.place[at + offset - 1] + 1;
      }
      if (target == last) continue;
      last = target;
      Words tried_words = moved(given, start, length, static_cast<size_t>(target));
      const Best one{before - distance(tried_words), static_cast<int64_t>(length), -static_cast<int64_t>(start), -target};
      ++tried;
      if (!best || one > *best) best = one, after = std::move(tried_words);
    }
  };
  for (size_t start = 0; start < given.size() && tried < tries_max; ++start)
    for (size_t at = 0; at < reference.size() && tried < tries_max; ++at) {
      if (std::max(start, at) - std::min(start, at) > reach) continue;
      for (size_t length = 0; length < run_max && tried < tries_max && start + length < given.size() &&
                              at + length < reference.size() && given[start + length] == reference[at + length];)
        look(start, at, ++length);
    }
  if (!best || tried >= tries_max || best->saved <= 0) return false;
  given = std::move(after);
  return true;
}

inline double edits_between(Words given, const Words& reference) {
  if (reference.empty()) return static_cast<double>(given.size());
  BeamDistance distance(reference);
  size_t tried = 0, shifts = 0;
  while (shift(given, reference, distance, tried)) ++shifts;
  return static_cast<double>(shifts) + static_cast<double>(distance(given));
}

}  // namespace detail

inline TerCounts ter_counts(std::string_view prediction, std::span<const std::string> references) {
  text::Numbering number;
  const auto words = [&](std::string_view line) { return number(text::word_tokens(text::lower(line))); };
  const detail::Words given = words(prediction);
  TerCounts out{-1, 0};
  for (const std::string& reference : references) {
    const detail::Words wanted = words(reference);
    const double edits = detail::edits_between(given, wanted);
    out.wanted += static_cast<double>(wanted.size()) / static_cast<double>(references.size());
    if (out.edits < 0 || edits < out.edits) out.edits = edits;
  }
  return out;
}

}  // namespace sextant::metric
