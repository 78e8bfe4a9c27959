// Token F1 as SQuAD has it: how many tokens the answer and the reference share. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <functional>
#include <span>
#include "tokens.hpp"

namespace sextant::metric {

struct TokenRules {
  enum class Tokens { words, mixed, characters };
  bool ignore_case = true, ignore_punctuation = true, ignore_articles = true;
  Tokens tokens = Tokens::words;
  bool empty_is_wrong = false;   // nothing left on both sides: 0 (SQuAD 1.1), else 1 (SQuAD 2.0)
  std::function<std::vector<std::string>(std::string_view)> cut = {};   // instead of `tokens`: a text's words, each normalised
};

/// SQuAD's normalisation, in its order: lower case, without ASCII's punctuation, without articles. Where tokens are characters,
/// Chinese punctuation goes, too.
inline std::string normalized(std::string_view given, const TokenRules& rules) {
  std::string out = rules.ignore_case ? text::lower(given) : std::string(given);
  if (rules.ignore_punctuation)
    out = text::without(out, [&](char32_t c) {
      return text::is_ascii_punctuation(c) || (rules.tokens != TokenRules::Tokens::words && text::is_punctuation(c));
    });
  if (rules.ignore_articles) out = text::without_articles(out, " ");
  return text::single_blanks(out);
}

/// LongBench's way for Chinese: the text is cut as it is, then each word is normalised, and what nothing is left of goes.
inline std::vector<std::string> cut_words(std::string_view given, const TokenRules& rules) {
  TokenRules of_word = rules;
  of_word.tokens = TokenRules::Tokens::characters;   // signs of all scripts
  of_word.ignore_articles = false;
  // symbols such as ～ and ＋, too, which Unicode does not call punctuation
  const auto drop = [](char32_t c) {
    return text::is_blank(c) || (c >= 0xFF01 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || (c >= 0xFF3B && c <= 0xFF40) ||
           (c >= 0xFF5B && c <= 0xFF65);
  };
  std::vector<std::string> out;
  for (const std::string& word : rules.cut(given))
    if (std::string left = text::without(normalized(word, of_word), drop); !left.empty()) out.push_back(std::move(left));
  return out;
}

struct TokenScore {
  double f1 = 0, precision = 0, recall = 0, exact_match = 0;
};

inline TokenScore token_score(std::string_view prediction, std::string_view answer, const TokenRules& rules) {
  const std::string given = normalized(prediction, rules), wanted = normalized(answer, rules);
  const auto plain = rules.tokens == TokenRules::Tokens::words   ? text::word_tokens
                     : rules.tokens == TokenRules::Tokens::mixed ? text::mixed_tokens
                                                                 : text::character_tokens;
  text::Numbering number;
  const auto a = number(rules.cut ? cut_words(prediction, rules) : plain(given)),
             b = number(rules.cut ? cut_words(answer, rules) : plain(wanted));
  TokenScore out;
  out.exact_match = given == wanted ? 1 : 0;
  if (a.empty() || b.empty()) {
    out.f1 = out.precision = out.recall = !rules.empty_is_wrong && a.empty() && b.empty() ? 1 : 0;
    return out;
  }
  const auto shared = static_cast<double>(text::common(text::ngrams_of(a, 1), text::ngrams_of(b, 1)));
  if (shared == 0) return out;
  out.precision = shared / static_cast<double>(a.size());
  out.recall = shared / static_cast<double>(b.size());
  out.f1 = 2 * out.precision * out.recall / (out.precision + out.recall);
  return out;
}

/// The best of each over the answers.
inline TokenScore best_token_score(std::string_view prediction, std::span<const std::string> answers, const TokenRules& rules) {
  TokenScore best;
  for (const std::string& answer : answers) {
    const TokenScore one = token_score(prediction, answer, rules);
    best.exact_match = std::max(best.exact_match, one.exact_match);
    if (one.f1 > best.f1) best.f1 = one.f1, best.precision = one.precision, best.recall = one.recall;
  }
  return best;
}

}  // namespace sextant::metric
