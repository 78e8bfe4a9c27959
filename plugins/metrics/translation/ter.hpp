// Translation edit rate (Snover et al. 2006) as sacreBLEU 2.6 computes it, which follows Tercom: words are inserted, deleted or replaced, and
// runs of words are moved, one edit each. Which moves are tried, and which of several equal ones is made, is Tercom's heuristic and
// therefore part of the score. Time: up to 1,000 moves, each the length of the text times the beam. Pure; [any] thread.
#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include "../../text/tokens.hpp"

namespace sextant::metric {

/// Of one text against one reference; a set's rate is the sum of edits over the sum of lengths.
struct TerCounts {
  double edits = 0, length = 0;   // length: the references' mean
};
inline double ter_of(const TerCounts& counts) {
  return counts.length > 0 ? 100 * counts.edits / counts.length : counts.edits > 0 ? 100 : 0;
}

namespace detail {

using Words = std::vector<char32_t>;
constexpr size_t move_length_max = 10, move_distance_max = 50, moves_max = 1000, beam = 25;
constexpr size_t cells_max = 25'000'000;   // of the table: 5,000 words against 5,000

/// Edit distances of texts to one reference, within a beam around the diagonal. Rows that a text shares with the last one that was
/// kept are taken from it: the texts that are tried differ from each other in a few words.
class EditTable {
 public:
  enum Step : uint8_t { none, both, replaced, ours, theirs };   // what a cell was reached by: ours: a word of the text alone
  explicit EditTable(const Words& reference) : reference_(reference) {}

  uint32_t distance(const Words& text) {
    compute(text);
    return cost_[text.size() * width() + reference_.size()];
  }
  /// From the beginning to the end; of the text that distance() was last asked for.
  std::vector<Step> steps() const {
    std::vector<Step> out;
    for (size_t i = text_.size(), j = reference_.size(); i > 0 || j > 0;) {
      const Step step = step_[i * width() + j];
      out.push_back(step);
      i -= step != theirs;
      j -= step != ours;
    }
    return {out.rbegin(), out.rend()};
  }

 private:
  static constexpr uint32_t far = UINT32_MAX / 2;
  size_t width() const { return reference_.size() + 1; }
  void compute(const Words& text) {
    size_t same = 0;   // the beam depends on the length of the text
    if (text.size() == text_.size() && !cost_.empty())
      while (same < text.size() && text[same] == text_[same]) ++same;
    text_ = text;
    if (same == text.size() && !cost_.empty()) return;
    cost_.resize((text.size() + 1) * width());
    step_.resize(cost_.size());
    for (size_t j = 0; j < width(); ++j) cost_[j] = static_cast<uint32_t>(j), step_[j] = theirs;
    const double ratio = text.empty() ? 1 : static_cast<double>(reference_.size()) / static_cast<double>(text.size());
    const double around = static_cast<double>(beam) < ratio / 2 ? std::ceil(ratio / 2 + static_cast<double>(beam)) : static_cast<double>(beam);
    const auto from = [&](size_t i) { return static_cast<size_t>(std::max(0.0, std::floor(static_cast<double>(i) * ratio) - around)); };
    const auto to = [&](size_t i) {
      if (i >= text.size()) return width();
      return std::min(width(), static_cast<size_t>(std::floor(static_cast<double>(i) * ratio) + around));
    };
    for (size_t i = same + 1; i <= text.size(); ++i) {
      // what is outside of the beam and is looked at is far away: by this row to the left, by the next one to the right
      const auto row = cost_.begin() + static_cast<std::ptrdiff_t>(i * width());
      std::fill(row + static_cast<std::ptrdiff_t>(std::max<size_t>(from(i), 1) - 1), row + static_cast<std::ptrdiff_t>(to(i + 1)), far);
      for (size_t j = from(i); j < to(i); ++j) fill(text, i, j);
    }
  }
  // Of equal ways the first counts: the words together, then ours alone, then theirs.
  void fill(const Words& text, size_t i, size_t j) {
    const size_t here = i * width() + j, above = here - width();
    const auto take = [&](uint32_t cost, Step step) {
      if (cost < cost_[here]) cost_[here] = cost, step_[here] = step;
    };
    if (j == 0) {
      cost_[here] = cost_[above] + 1;
      step_[here] = ours;
      return;
    }
    const bool equal = text[i - 1] == reference_[j - 1];
    take(cost_[above - 1] + !equal, equal ? both : replaced);
    take(cost_[above] + 1, ours);
    take(cost_[here - 1] + 1, theirs);
  }

  const Words& reference_;
  Words text_;
  std::vector<uint32_t> cost_;
  std::vector<Step> step_;
};

/// Where each word of the reference stands in the text (-1: before it), and which words of either are wrong.
struct Alignment {
  std::vector<std::ptrdiff_t> place;
  std::vector<bool> reference_wrong, text_wrong;
  explicit Alignment(const std::vector<EditTable::Step>& steps) {
    std::ptrdiff_t at = -1;
    for (const EditTable::Step step : steps) {
      at += step != EditTable::theirs;
      const bool wrong = step != EditTable::both;
      if (step != EditTable::theirs) text_wrong.push_back(wrong);
      if (step != EditTable::ours) {
        place.push_back(at);
        reference_wrong.push_back(wrong);
      }
    }
  }
};

inline Words moved(const Words& words, size_t start, size_t length, size_t target) {
  Words out;
  out.reserve(words.size());
  const auto add = [&](size_t from, size_t to) {
    to = std::min(to, words.size());
    if (from < to) out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(from), words.begin() + static_cast<std::ptrdiff_t>(to));
  };
  if (target < start) {
    add(0, target), add(start, start + length), add(target, start), add(start + length, words.size());
  } else if (target > start + length) {
    add(0, start), add(start + length, target), add(start, start + length), add(target, words.size());
  } else {
    add(0, start), add(start + length, length + target), add(start, start + length), add(length + target, words.size());
  }
  return out;
}

struct Move {
  std::tuple<int64_t, size_t, std::ptrdiff_t, std::ptrdiff_t> rank;   // gain, length, earliest start, earliest target
  Words words;
};

/// The best move of the text, if any is possible; `tried` counts those that were looked at.
inline std::optional<Move> best_move(const Words& text, const Words& reference, EditTable& table, size_t& tried) {
  const auto before = static_cast<int64_t>(table.distance(text));
  const Alignment aligned(table.steps());
  std::optional<Move> best;
  const auto any = [](const std::vector<bool>& wrong, size_t from, size_t n) {
    for (size_t k = from; k < std::min(from + n, wrong.size()); ++k)
      if (wrong[k]) return true;
    return false;
  };
  for (size_t start = 0; start < text.size(); ++start)
    for (size_t at = 0; at < reference.size(); ++at) {
      if ((start > at ? start - at : at - start) > move_distance_max) continue;
      for (size_t length = 1; length <= move_length_max && start + length <= text.size() && at + length <= reference.size() &&
                              text[start + length - 1] == reference[at + length - 1];
           ++length) {
        if (!any(aligned.text_wrong, start, length) || !any(aligned.reference_wrong, at, length)) continue;
        const std::ptrdiff_t now = aligned.place[at];
        if (now >= static_cast<std::ptrdiff_t>(start) && now < static_cast<std::ptrdiff_t>(start + length)) continue;
        std::ptrdiff_t last = -1;
        for (std::ptrdiff_t offset = -1; offset < static_cast<std::ptrdiff_t>(length); ++offset) {
          const std::ptrdiff_t word = static_cast<std::ptrdiff_t>(at) + offset;
          if (word >= static_cast<std::ptrdiff_t>(aligned.place.size())) break;
          const std::ptrdiff_t target = word < 0 ? 0 : aligned.place[static_cast<size_t>(word)] + 1;
          if (target == last) continue;
          last = target;
          Words words = moved(text, start, length, static_cast<size_t>(target));
          const int64_t gain = before - static_cast<int64_t>(table.distance(words));
          ++tried;
          const std::tuple rank(gain, length, -static_cast<std::ptrdiff_t>(start), -target);
          if (!best || rank > best->rank) best = Move{rank, std::move(words)};
        }
        if (tried >= moves_max) return best;
      }
    }
  return best;
}

}  // namespace detail

inline TerCounts ter_counts_of(const detail::Words& text, const detail::Words& reference) {
  if (reference.empty()) return {static_cast<double>(text.size()), 0};
  detail::EditTable table(reference);
  detail::Words words = text;
  size_t moves = 0;
  for (size_t tried = 0;;) {
    std::optional<detail::Move> move = detail::best_move(words, reference, table, tried);
    if (tried >= detail::moves_max || !move || std::get<0>(move->rank) <= 0) break;
    ++moves;
    words = std::move(move->words);
  }
  return {static_cast<double>(moves + table.distance(words)), static_cast<double>(reference.size())};
}

/// Whether two texts are too long for the table that they are compared in.
inline bool too_long_for_ter(size_t words, size_t reference_words) { return (words + 1) * (reference_words + 1) > detail::cells_max; }

/// The fewest edits to any of the references, over their mean length; nothing where they are too long to compare.
inline std::optional<TerCounts> ter_counts(std::string_view prediction, std::span<const std::string> references, bool ignore_case, bool characters) {
  text::Numbering number;
  const auto words = [&](std::string_view of) {
    const std::string given = ignore_case ? text::lower(of) : std::string(of);
    return number(characters ? text::character_tokens(given) : text::word_tokens(given));
  };
  const detail::Words given = words(prediction);
  TerCounts out{HUGE_VAL, 0};
  for (const std::string& reference : references) {
    const detail::Words wanted = words(reference);
    if (too_long_for_ter(given.size(), wanted.size())) return std::nullopt;
    const TerCounts one = ter_counts_of(given, wanted);
    out.edits = std::min(out.edits, one.edits);
    out.length += one.length / static_cast<double>(references.size());
  }
  return out;
}

}  // namespace sextant::metric
