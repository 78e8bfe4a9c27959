// Sentences and words of a reply, as IFEval counts them. Its authors use NLTK's punkt model and Treebank rules; the sentences
// here follow rules of their own. Linear in the text. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/plain_text.hpp>

namespace sextant::metric::ifeval {

namespace detail {

inline bool is_abbreviation(std::string_view word) {
  // letters with points between them (U.S., e.g.), a single letter, or one of these
  static constexpr std::string_view known =
      " mr mrs ms dr prof st jr sr vs etc inc ltd co corp no vol fig approx dept est gen gov hon lt col sgt capt rev jan feb "
      "mar apr jun jul aug sep sept oct nov dec mt ave blvd p.s p.p.s ph.d ";
  if (word.size() == 1) return word[0] >= 'A' && word[0] <= 'Z' && word[0] != 'I';
  const std::string lower = text::lower(word);
  if (known.find(" " + lower + " ") != known.npos) return true;
  return word.size() == 3 && word[1] == '.';
}

}  // namespace detail

/// A sentence ends at ., ! or ? (with quotes and brackets behind it) before a blank, unless the next word begins in lower case
/// or an abbreviation or the number of a list's item stands before the point; and at 。！？ anywhere.
inline size_t count_sentences(std::string_view reply) {
  size_t sentences = 0;
  bool words = false;          // since the last end
  size_t word_begin = 0;
  for (size_t i = 0; i < reply.size();) {
    const utf8::Character c = utf8::at(reply, i);
    const size_t end = i + c.size;
    if (c.code == 0x3002 || c.code == 0xFF01 || c.code == 0xFF1F) {
      sentences += words;
      words = false;
    } else if (c.code == '.' || c.code == '!' || c.code == '?') {
      size_t after = end;
      while (after < reply.size() && (reply[after] == '.' || reply[after] == '!' || reply[after] == '?')) ++after;
      for (;;) {
        const utf8::Character closing = utf8::at(reply, after);
        const bool closes = closing.code == '"' || closing.code == '\'' || closing.code == ')' || closing.code == ']' ||
                            closing.code == '*' || closing.code == 0x201D || closing.code == 0x2019;
        if (closing.size == 0 || !closes) break;
        after += closing.size;
      }
      size_t next = after;
      while (next < reply.size() && text::is_blank(utf8::at(reply, next).code)) next += utf8::at(reply, next).size;
      const std::string_view word = reply.substr(word_begin, i - word_begin);
      const bool only_digits = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
      const bool line_ends = next == reply.size() || reply.substr(after, next - after).find('\n') != std::string_view::npos;
      const bool begins = next == reply.size() || !text::is_lower(utf8::at(reply, next).code);
      const bool abbreviated =
          c.code == '.' && after == end && !line_ends && (detail::is_abbreviation(word) || (only_digits && !words));
      if (words && (next > after || next == reply.size()) && begins && !abbreviated) {
        ++sentences;
        words = false;
      }
      i = after;
      word_begin = after;
      continue;
    }
    if (c.valid && text::is_blank(c.code)) {
      word_begin = end;
    } else if (c.valid && text::is_word(c.code) && !(c.code >= '0' && c.code <= '9' && !words)) {
      words = true;
    }
    i = end;
  }
  return sentences + words;
}

inline size_t count_words(std::string_view reply) {
  size_t count = 0;
  bool inside = false;
  for (size_t i = 0; i < reply.size();) {
    const utf8::Character c = utf8::at(reply, i);
    const bool word = c.valid && text::is_word(c.code);
    count += word && !inside;
    inside = word;
    i += c.size;
  }
  return count;
}

inline bool is_all_upper(std::string_view word) {
  bool any = false;
  for (const char32_t c : text::code_points(word)) {
    if (text::is_lower(c)) return false;
    any = any || text::is_upper(c);
  }
  return any;
}
inline bool is_all_lower(std::string_view word) {
  bool any = false;
  for (const char32_t c : text::code_points(word)) {
    if (text::is_upper(c)) return false;
    any = any || text::is_lower(c);
  }
  return any;
}

/// Tokens by Treebank's rules, of which the letters are capitals: "DON'T" is DO and N'T, "AND/OR" one, "WELL-KNOWN" one.
inline size_t count_capital_words(std::string_view reply) {
  size_t count = 0;
  const auto add = [&](std::string_view token) { count += is_all_upper(token); };
  const auto with_contraction = [&](std::string_view token) {
    while (token.starts_with('\'')) token.remove_prefix(1);
    const std::string lower = text::lower(token);
    if (lower == "cannot") {
      add(token.substr(0, 3));
      return add(token.substr(3));
    }
    for (const std::string_view end : {"n't", "'ll", "'re", "'ve", "'s", "'m", "'d"})
      if (lower.size() == token.size() && lower.size() > end.size() && lower.ends_with(end)) {
        add(token.substr(0, token.size() - end.size()));
        return add(token.substr(token.size() - end.size()));
      }
    add(token);
  };
  for (const std::string_view word : text::words(reply)) {
    size_t begin = 0;
    const auto flush = [&](size_t end) {
      if (end > begin) with_contraction(word.substr(begin, end - begin));
    };
    for (size_t i = 0; i < word.size();) {
      const utf8::Character c = utf8::at(word, i);
      const bool dashes = c.code == '-' && word.substr(i).starts_with("--"),
                 dots = c.code == '.' && word.substr(i).starts_with("...");
      const bool apart = c.code == ',' || c.code == ';' || c.code == ':' || c.code == '@' || c.code == '#' || c.code == '$' ||
                         c.code == '%' || c.code == '&' || c.code == '?' || c.code == '!' || c.code == '(' || c.code == ')' ||
                         c.code == '[' || c.code == ']' || c.code == '{' || c.code == '}' || c.code == '<' || c.code == '>' ||
                         c.code == '"' || c.code == 0x201C || c.code == 0x201D || c.code == 0xAB || c.code == 0xBB ||
                         c.code == 0x2018 || c.code == 0x2019 || c.code == 0x201E || dashes || dots;
      // between digits a comma or colon belongs to the number
      const bool inside_number =
          (c.code == ',' || c.code == ':') && i + 1 < word.size() && word[i + 1] >= '0' && word[i + 1] <= '9';
      if (apart && !inside_number) {
        flush(i);
        begin = i + c.size;
      }
      i += c.size;
    }
    flush(word.size());
  }
  return count;
}

}  // namespace sextant::metric::ifeval
