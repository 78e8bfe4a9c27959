// chrF and chrF++ (Popovic 2015, 2017) as sacreBLEU 2.6 computes them: F of runs of 1 to 6 characters, and of `words` runs of
// words. Pure; [any] thread.
#pragma once
#include <span>
#include "../../text/tokens.hpp"

namespace sextant::metric {

struct ChrfRules {
  size_t characters = 6, words = 0;
  double beta = 2;
  bool lowercase = false;
};

/// [order] runs of the answer, of the reference, of both; sums over sentences make a corpus'.
struct ChrfCounts {
  std::vector<std::array<double, 3>> orders;
  void add(const ChrfCounts& other) {
    if (orders.empty()) orders.resize(other.orders.size());
    for (size_t i = 0; i < other.orders.size(); ++i)
      for (size_t k = 0; k < 3; ++k) orders[i][k] += other.orders[i][k];
  }
};

inline double chrf_of(const ChrfCounts& counts, const ChrfRules& rules) {
  double precision = 0, recall = 0, effective = 0;
  for (const auto& [given, wanted, both] : counts.orders)
    if (given > 0 && wanted > 0) precision += both / given, recall += both / wanted, ++effective;
  if (effective == 0 || precision + recall == 0) return 0;
  precision /= effective;
  recall /= effective;
  const double factor = rules.beta * rules.beta;
  return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
}

namespace detail {

/// Words with one sign of punctuation set apart, at the end or else at the beginning: "(hi)" is "(hi" and ")".
inline std::vector<std::string> chrf_words(std::string_view line) {
  std::vector<std::string> out;
  for (const std::string_view word : text::words(line)) {
    const auto sign = [](char c) {
      return static_cast<unsigned char>(c) < 0x80 && text::is_ascii_punctuation(static_cast<char32_t>(c));
    };
    if (utf8::length(word) == 1) out.emplace_back(word);
    else if (sign(word.back()))
      out.emplace_back(word.substr(0, word.size() - 1)), out.emplace_back(word.substr(word.size() - 1));
    else if (sign(word.front())) out.emplace_back(word.substr(0, 1)), out.emplace_back(word.substr(1));
    else out.emplace_back(word);
  }
  return out;
}

}  // namespace detail

/// Of several references the one with the best score counts.
inline ChrfCounts chrf_counts(std::string_view prediction, std::span<const std::string> references, const ChrfRules& rules) {
  text::Numbering number;
  const auto ngrams = [&](std::string_view of) {
    const std::string line = rules.lowercase ? text::lower(of) : std::string(of);
    const std::u32string characters = text::code_points(text::without(line, text::is_blank));
    std::vector<text::Ngrams> out;
    for (size_t n = 1; n <= rules.characters; ++n) out.push_back(text::ngrams_of(characters, n));
    const auto words = rules.words > 0 ? number(detail::chrf_words(line)) : std::vector<char32_t>();
    for (size_t n = 1; n <= rules.words; ++n) out.push_back(text::ngrams_of(words, n));
    return out;
  };
  const auto size = [](const text::Ngrams& of) {
    double sum = 0;
    for (const auto& [ngram, count] : of) sum += static_cast<double>(count);
    return sum;
  };
  const auto given = ngrams(prediction);
  ChrfCounts best;
  double best_score = -1;
  for (const std::string& reference : references) {
    const auto wanted = ngrams(reference);
    ChrfCounts one;
    for (size_t i = 0; i < given.size(); ++i)
      one.orders.push_back(
          {wanted[i].empty() ? 0 : size(given[i]), size(wanted[i]), static_cast<double>(text::common(given[i], wanted[i]))});
    if (const double score = chrf_of(one, rules); score > best_score) best_score = score, best = std::move(one);
  }
  return best;
}

}  // namespace sextant::metric
