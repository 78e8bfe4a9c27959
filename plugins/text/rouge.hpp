// ROUGE-1, -2, -L and -Lsum (Lin 2004), F-measures, as rouge-score 0.1.2 counts them. Pure; [any] thread.
#pragma once
#include <span>
#include <sextant/result.hpp>
#include "match_rows.hpp"
#include <functional>
#include "tokens.hpp"

namespace sextant::metric {

using Tokens = std::vector<char32_t>;

/// rouge-score's words: lower case, and of that runs of a-z and 0-9.
inline std::vector<std::string> rouge_words(std::string_view given) {
  std::vector<std::string> out;
  bool inside = false;
  for (const char c : text::lower(given)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word && !inside) out.emplace_back();
    if (word) out.back() += c;
    inside = word;
  }
  return out;
}

inline double f_measure(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

inline double rouge_n(const Tokens& wanted, const Tokens& given, size_t n) {
  const auto runs = [n](const Tokens& tokens) { return tokens.size() < n ? 0.0 : static_cast<double>(tokens.size() - n + 1); };
  const auto both = static_cast<double>(text::common(text::ngrams_of(wanted, n), text::ngrams_of(given, n)));
  return f_measure(both / std::max(runs(given), 1.0), both / std::max(runs(wanted), 1.0));
}

/// The longest common subsequence of short texts, plainly. `ret_of_a`, unless null: which tokens of `a` are in it; of several,
/// the one that rouge-score finds on its way back.
inline size_t plain_common_subsequence(const Tokens& a, const Tokens& b, std::vector<size_t>* ret_of_a = nullptr) {
  std::vector<uint32_t> above(b.size() + 1), row(b.size() + 1);
  std::vector<std::vector<bool>> left;  // [i][j]: t[i][j - 1] > t[i - 1][j], the way back
  for (size_t i = 1; i <= a.size(); ++i) {
    if (ret_of_a) left.emplace_back(b.size() + 1);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
      if (ret_of_a) left.back()[j] = row[j - 1] > above[j];
    }
    std::swap(above, row);
  }
  for (size_t i = a.size(), j = b.size(); ret_of_a && i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) ret_of_a->push_back(i - 1), --i, --j;
    else if (left[i - 1][j]) --j;
    else --i;
  }
  return above[b.size()];
}

inline size_t common_subsequence(const Tokens& a, const Tokens& b, std::vector<size_t>* ret_of_a = nullptr) {
  constexpr size_t plain_max = 4096;
  if (a.size() * b.size() <= plain_max) return plain_common_subsequence(a, b, ret_of_a);
  text::SubsequenceRows rows(a, b);
  if (!ret_of_a) return rows.length();
  *ret_of_a = rows.places_in_a();
  return ret_of_a->size();
}

inline double rouge_l(const Tokens& wanted, const Tokens& given) {
  if (wanted.empty() || given.empty()) return 0;
  const auto common = static_cast<double>(common_subsequence(wanted, given));
  return f_measure(common / static_cast<double>(given.size()), common / static_cast<double>(wanted.size()));
}

/// Over sentences: for each of the reference's the union of what it has in common with each of the answer's, no token counted
/// more often than it stands on either side.
inline double rouge_lsum(std::span<const Tokens> wanted, std::span<const Tokens> given) {
  std::unordered_map<char32_t, int64_t> of_wanted, of_given;
  size_t m = 0, n = 0;
  for (const Tokens& sentence : wanted) {
    m += sentence.size();
    for (const char32_t token : sentence) ++of_wanted[token];
  }
  for (const Tokens& sentence : given) {
    n += sentence.size();
    for (const char32_t token : sentence) ++of_given[token];
  }
  if (m == 0 || n == 0) return 0;
  size_t hits = 0;
  for (const Tokens& sentence : wanted) {
    std::vector<bool> in_union(sentence.size());
    for (const Tokens& other : given) {
      std::vector<size_t> found;
      common_subsequence(sentence, other, &found);
      for (const size_t i : found) in_union[i] = true;
    }
    for (size_t i = 0; i < sentence.size(); ++i) {
      if (!in_union[i]) continue;
      int64_t &a = of_wanted[sentence[i]], &b = of_given[sentence[i]];
      if (a > 0 && b > 0) ++hits, --a, --b;
    }
  }
  return f_measure(static_cast<double>(hits) / static_cast<double>(n), static_cast<double>(hits) / static_cast<double>(m));
}

struct Rouge {
  double one = 0, two = 0, l = 0, lsum = 0;
};

/// An error where aligning the two would take too long.
inline Result<void> check_lengths(const Tokens& wanted, const Tokens& given, std::span<const Tokens> wanted_sentences,
                                  std::span<const Tokens> given_sentences) {
  double work = text::alignment_words(wanted.size(), given.size());
  constexpr double of_a_pair = 16;  // what two sentences cost beside their tokens
  for (const Tokens& sentence : given_sentences)
    work += text::alignment_words(wanted.size(), sentence.size()) + of_a_pair * static_cast<double>(wanted_sentences.size());
  if (work <= text::alignment_words_max) return {};
  return Error{Error::Kind::data,
               "rouge: a reply of " + std::to_string(given.size()) + " tokens and a reference of " +
                   std::to_string(wanted.size()) +
                   " are too long to be aligned; cut the replies (--max-out-len, or a post-processor), or use token_f1"};
}

/// The best of each over the answers. `split`: a text's tokens; sentences stand on lines of their own.
inline Result<Rouge> rouge(std::string_view prediction, std::span<const std::string> answers,
                           const std::function<std::vector<std::string>(std::string_view)>& split) {
  text::Numbering number;
  const auto sentences = [&](std::string_view of) {
    std::vector<Tokens> out;
    for (const std::string_view line : text::split(of, "\n"))
      if (!line.empty()) out.push_back(number(split(line)));
    return out;
  };
  const Tokens given = number(split(prediction));
  const auto given_sentences = sentences(prediction);
  Rouge best;
  for (const std::string& answer : answers) {
    const Tokens wanted = number(split(answer));
    const auto wanted_sentences = sentences(answer);
    SXT_CHECK(check_lengths(wanted, given, wanted_sentences, given_sentences));
    best.one = std::max(best.one, rouge_n(wanted, given, 1));
    best.two = std::max(best.two, rouge_n(wanted, given, 2));
    best.l = std::max(best.l, rouge_l(wanted, given));
    best.lsum = std::max(best.lsum, rouge_lsum(wanted_sentences, given_sentences));
  }
  return best;
}

}  // namespace sextant::metric
