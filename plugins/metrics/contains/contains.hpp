// Does an answer stand in a reply? Pure; [any] thread.
#pragma once
#include <algorithm>
#include "../../text/general.hpp"
#include "../../text/numbers.hpp"
#include "../../text/token_f1.hpp"

namespace sextant::metric {

/// Whether `needle` stands in `text`, and with `whole_words` is not a part of a longer word: "cat" is not in "category", 天 is
/// in 今天.
inline bool stands_in(std::string_view hay, std::string_view needle, bool whole_words) {
  if (needle.empty()) return false;
  const auto joins = [](char32_t a, char32_t b) {
    return text::is_word(a) && text::is_word(b) && !text::is_chinese(a) && !text::is_chinese(b);
  };
  const auto last_of = [](std::string_view part) {
    size_t at = part.size() - 1;
    while (at > 0 && utf8::continues(part[at])) --at;
    return utf8::at(part, at).code;
  };
  for (size_t at = hay.find(needle); at != hay.npos; at = hay.find(needle, at + 1)) {
    const size_t end = at + needle.size();
    if (!whole_words) return true;
    const bool open_left = at == 0 || !joins(last_of(hay.substr(0, at)), utf8::at(needle, 0).code);
    const bool open_right = end == hay.size() || !joins(last_of(needle), utf8::at(hay, end).code);
    if (open_left && open_right) return true;
  }
  return false;
}

/// What is left of an answer that is an article alone, as it is written ("A", "The"); nothing of others.
inline std::optional<std::string> article_alone(std::string_view answer, TokenRules rules) {
  if (!rules.ignore_articles || !normalized(answer, rules).empty()) return std::nullopt;
  rules.ignore_case = rules.ignore_articles = false;
  std::string out = normalized(answer, rules);
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

/// Whether that article stands in a text as a word and in that case: the blood type A, not a type.
inline bool holds_article(std::string_view text, std::string_view article, TokenRules rules) {
  rules.ignore_case = rules.ignore_articles = false;
  return stands_in(normalized(text, rules), article, true);
}

/// The value of an answer that is a number and nothing else; nothing of "007", whose zeros count.
inline std::optional<std::string> number_alone(std::string_view answer) {
  const std::string plain = utf8::half_width(answer);
  const std::string_view rest = text::strip(plain);
  const auto all = text::numbers(rest);
  if (all.size() != 1 || all.front().begin != 0 || all.front().end != rest.size()) return std::nullopt;
  const bool zeros = rest.size() > 1 && rest[0] == '0' && text::is_ascii_digit(rest[1]);
  return zeros ? std::nullopt : std::optional(all.front().value);
}

/// Whether a text holds that number: -5 is not 5, nor 3.5 35.
inline bool holds_number(std::string_view text, std::string_view value) {
  const std::string plain = utf8::half_width(text);
  const auto all = text::numbers(plain);
  return std::any_of(all.begin(), all.end(), [&](const text::NumberAt& one) { return one.value == value; });
}

/// OpenCompass' TriviaQA and NQ: the normalised answer in lower case anywhere in the prediction, which is as its post-processor
/// left it. An answer of which nothing is left is in everything.
inline bool contains_opencompass(std::string_view prediction, std::string_view answer) {
  return prediction.find(text::lower(text::general_opencompass(answer))) != prediction.npos;
}

}  // namespace sextant::metric
