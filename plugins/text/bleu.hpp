// BLEU (Papineni et al. 2002) as sacreBLEU 2.6 computes it: its tokenizers 13a, zh and none, its counts of a sentence, its
// score of counts. Pure; [any] thread.
#pragma once
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include "tokens.hpp"

namespace sextant::metric {

struct BleuRules {
  std::string tokenize = "13a", smooth = "exp";
  double smooth_value = 0;         // of floor and add-k
  bool lowercase = false;
  std::function<std::vector<std::string>(std::string_view)> pieces = {};  // of the tokenizer flores200
};

/// What a corpus' score is made of: sums of these over its sentences.
struct BleuCounts {
  static constexpr size_t orders = 4;
  double given = 0, wanted = 0;                        // lengths in tokens
  std::array<double, orders> right{}, total{};
  void add(const BleuCounts& other) {
    given += other.given;
    wanted += other.wanted;
    for (size_t n = 0; n < orders; ++n) right[n] += other.right[n], total[n] += other.total[n];
  }
};

namespace detail {

/// mteval-v13a's rules for Western languages: blanks around punctuation, around points and commas unless digits stand on both
/// sides of them, and behind a dash that follows a digit.
inline std::string punctuation_apart(std::string_view line) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto stop = [](char c) { return c == '.' || c == ','; };
  std::string a, b, c, d;
  for (const char x : line) {
    const bool apart = (x >= '{' && x <= '~') || (x >= '[' && x <= '`') || (x >= ' ' && x <= '&') || (x >= '(' && x <= '+') ||
                       (x >= ':' && x <= '@') || x == '/';
    if (apart) ((a += ' ') += x) += ' ';
    else a += x;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    b += a[i];
    if (!digit(a[i]) && i + 1 < a.size() && stop(a[i + 1])) ((b += ' ') += a[++i]) += ' ';
  }
  for (size_t i = 0; i < b.size(); ++i) {
    if (stop(b[i]) && i + 1 < b.size() && !digit(b[i + 1])) {
      (((c += ' ') += b[i]) += ' ') += b[i + 1];
      ++i;
    } else {
      c += b[i];
    }
  }
  for (size_t i = 0; i < c.size(); ++i) {
    d += c[i];
    if (digit(c[i]) && i + 1 < c.size() && c[i + 1] == '-') ((d += ' ') += c[++i]) += ' ';
  }
  return d;
}

/// What sacreBLEU's zh tokenizer sets apart. Its two ranges beyond the first plane are written so that they mean U+2001 to
/// U+2A6D and U+2F81 to U+2FA1.
inline bool apart_in_chinese(char32_t c) {
  static constexpr char32_t ranges[][2] = {
      {0x3400, 0x4DB5}, {0x4E00, 0x9FA5}, {0x9FA6, 0x9FBB}, {0xF900, 0xFA2D}, {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9},
      {0x2001, 0x2A6D}, {0x2F81, 0x2FA1}, {0xFF00, 0xFFEF}, {0x2E80, 0x2EFF}, {0x3000, 0x303F}, {0x31C0, 0x31EF},
      {0x2F00, 0x2FDF}, {0x2FF0, 0x2FFF}, {0x3100, 0x312F}, {0x31A0, 0x31BF}, {0xFE10, 0xFE1F}, {0xFE30, 0xFE4F},
      {0x2600, 0x26FF}, {0x2700, 0x27BF}, {0x3200, 0x32FF}, {0x3300, 0x33FF}};
  for (const auto& range : ranges)
    if (c >= range[0] && c <= range[1]) return true;
  return false;
}

}  // namespace detail

inline std::vector<std::string> bleu_tokens(std::string_view line, const BleuRules& rules) {
  std::string out = rules.lowercase ? text::lower(line) : std::string(line);
  while (!out.empty()) {  // str.rstrip()
    size_t at = out.size() - 1;
    while (at > 0 && utf8::continues(out[at])) --at;
    if (!text::is_blank(utf8::at(out, at).code)) break;
    out.resize(at);
  }
  if (rules.pieces) return rules.pieces(out);
  if (rules.tokenize == "none") return text::word_tokens(out);
  if (rules.tokenize == "char") return text::character_tokens(out);
  if (rules.tokenize == "zh") {
    std::string spread;
    const std::string_view plain = text::strip(out);
    for (size_t i = 0; i < plain.size();) {
      const utf8::Character c = utf8::at(plain, i);
      const bool apart = detail::apart_in_chinese(c.code);
      if (apart) spread += ' ';
      spread.append(plain, i, c.size);
      if (apart) spread += ' ';
      i += c.size;
    }
    return text::word_tokens(detail::punctuation_apart(spread));
  }
  for (const auto& [from, to] : {std::pair<const char*, const char*>{"<skipped>", ""},
                                 {"-\n", ""},
                                 {"\n", " "},
                                 {"&quot;", "\""},
                                 {"&amp;", "&"},
                                 {"&lt;", "<"},
                                 {"&gt;", ">"}})
    out = text::replaced(out, from, to);
  return text::word_tokens(detail::punctuation_apart(" " + out + " "));
}

/// Matches are counted against the most that any reference has; the length of the reference that is nearest counts, of two the
/// shorter.
inline BleuCounts bleu_counts(std::string_view prediction, std::span<const std::string> references, const BleuRules& rules) {
  text::Numbering number;
  const auto given = number(bleu_tokens(prediction, rules));
  std::array<text::Ngrams, BleuCounts::orders> wanted;
  BleuCounts out;
  out.given = static_cast<double>(given.size());
  double nearest = -1;
  for (const std::string& reference : references) {
    const auto tokens = number(bleu_tokens(reference, rules));
    const auto length = static_cast<double>(tokens.size()), distance = std::fabs(length - out.given);
    if (nearest < 0 || distance < nearest || (distance == nearest && length < out.wanted))
      nearest = distance, out.wanted = length;
    for (size_t n = 0; n < BleuCounts::orders; ++n)
      for (const auto& [ngram, count] : text::ngrams_of(tokens, n + 1)) {
        uint64_t& most = wanted[n][ngram];
        most = std::max(most, count);
      }
  }
  for (size_t n = 0; n < BleuCounts::orders; ++n) {
    const auto ngrams = text::ngrams_of(given, n + 1);
    out.total[n] = given.size() > n ? static_cast<double>(given.size() - n) : 0;
    out.right[n] = static_cast<double>(text::common(ngrams, wanted[n]));
  }
  return out;
}

/// 0 to 100. `effective`: orders that the sentence is too short for do not count, as is usual for single sentences.
inline double bleu_of(BleuCounts counts, const BleuRules& rules, bool effective) {
  const double penalty = counts.given >= counts.wanted ? 1 : counts.given > 0 ? std::exp(1 - counts.wanted / counts.given) : 0;
  bool any = false;
  for (const double right : counts.right) any = any || right > 0;
  if (!any) return 0;
  std::array<double, BleuCounts::orders> precision{};
  double halves = 1;
  size_t orders = BleuCounts::orders;
  for (size_t n = 0; n < BleuCounts::orders; ++n) {
    if (rules.smooth == "add-k" && n > 0) counts.right[n] += rules.smooth_value, counts.total[n] += rules.smooth_value;
    if (counts.total[n] == 0) break;
    if (effective) orders = n + 1;
    if (counts.right[n] > 0) precision[n] = 100 * counts.right[n] / counts.total[n];
    else if (rules.smooth == "exp") precision[n] = 100 / ((halves *= 2) * counts.total[n]);
    else if (rules.smooth == "floor") precision[n] = 100 * rules.smooth_value / counts.total[n];
  }
  double sum = 0;
  for (size_t n = 0; n < orders; ++n)
    sum += precision[n] == 0 ? -9999999999 : std::log(precision[n]);  // sacreBLEU's log of nothing
  return penalty * std::exp(sum / static_cast<double>(orders));
}

}  // namespace sextant::metric
