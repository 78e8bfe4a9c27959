// Where a reply speaks of options: letters that stand alone, and lists of them. Articles, pronouns, abbreviations and variables
// are left out. Works on canonical text. Pure; [any] thread; linear in the text.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>
#include "../letters.hpp"

namespace sextant::postprocess {

/// One letter, or several that a list joins ("A, B and D", "A、B"), by their place in canonical text.
struct Mention {
  size_t begin = 0, end = 0;
  std::string letters;      // upper case, in the order of the text
  bool lower = false;       // written in lower case: an answer only where nothing else can be meant
  bool single() const { return letters.size() == 1; }
};

namespace mention_detail {

inline bool starts_at(std::string_view text, size_t at, std::string_view what) {
  return at <= text.size() && text.substr(at).starts_with(what);
}

/// Words in front of a letter that make a term of both: "vitamin C".
inline bool precedes_a_term(std::string_view text, size_t begin) {
  constexpr std::array<std::string_view, 10> terms{"vitamin ", "vitamins ", "hepatitis ", "influenza ", "appendix ", "exhibit ",
                                                   "维生素",   "维他命",    "型肝炎",    "°"};
  for (const std::string_view term : terms) {
    if (begin < term.size()) continue;
    const std::string_view before = text.substr(begin - term.size(), term.size());
    if (std::equal(term.begin(), term.end(), before.begin(),
                   [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); }))
      return true;
  }
  return false;
}

/// Whether "+" and a capital of its own stand behind a letter, and not a formula: "A+C", "A + C"; not "A + B = 5", "C++".
inline bool adds_up(std::string_view text, size_t at) {
  for (size_t seen = 0; seen < 16; ++seen) {
    if (starts_at(text, at, ")")) ++at;
    const bool word = starts_at(text, at, " plus ");
    if (starts_at(text, at, " ")) ++at;
    if (!word && !starts_at(text, at, "+")) break;
    at += word ? 5 : 1;
    if (starts_at(text, at, " ")) ++at;
    if (at >= text.size() || text[at] < 'A' || text[at] > 'Z' || !stands_alone(text, at, at + 1)) return false;
    ++at;
    if (seen == 15) return false;
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("+") || rest.starts_with(" +") || rest.starts_with(")")) continue;
    for (const std::string_view sign : {"=", " =", "-", " -", "^", "*", "/", "<", " <", ">", " >", "'"})
      if (rest.starts_with(sign)) return false;
    return true;
  }
  return false;
}

/// Whether a capital that stands alone is something else than an option.
inline bool is_other(std::string_view text, size_t i) {
  const auto at = [&](size_t k) { return k < text.size() ? text[k] : '\0'; };
  const char before = i > 0 ? text[i - 1] : '\0', next = at(i + 1);
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (before == '.' && i > 1 && upper(text[i - 2])) return true;               // U.S.A
  if (next == '.' && upper(at(i + 2)) && at(i + 3) == '.') return true;        // A.D.
  if (adds_up(text, i + 1)) return false;                                      // A+C: a list
  if (next == '+' || next == '#' || next == '=' || next == '^') return true;   // C++, A=5
  if (next == '-' && is_ascii_word(at(i + 2)) && !upper(at(i + 2))) {             // A-level; not "Answer: B-cork"
    const std::string_view left = text.substr(0, i);
    if (!left.empty() && before != '\n' && !left.ends_with(": ") && !left.ends_with("is ")) return true;
  }
  if (before == '-' && i > 1 && is_ascii_word(text[i - 2])) return true;       // vitamin-C
  if (before == ' ' && i > 2 && text[i - 3] == ' ' && (text[i - 2] == '>' || text[i - 2] == '<')) return true;  // B > A
  if (next == ' ' && (at(i + 2) == '=' || at(i + 2) == '+' || at(i + 2) == '<' || at(i + 2) == '>') && at(i + 3) == ' ')
    return true;  // A = 5
  return is_word_of_one_letter(text, i) || precedes_a_term(text, i);
}

/// The end of what joins two options of a list behind `at`, or npos. `ret_comma`: nothing but a comma, a semicolon or a blank.
inline size_t joined_until(std::string_view text, size_t at, bool& ret_comma) {
  // the longer in front of the shorter
  constexpr std::string_view joints[] = {", and also ", ", but also ",
                                         ", or maybe ", ", and ",
                                         ", or ",       ", nor ",
                                         " and/or ",    " and also ",
                                         " and maybe ", " and possibly ",
                                         " or maybe ",  " or possibly ",
                                         " and ",       " or ",
                                         " nor ",       " as well as ",
                                         " plus ",      " & ",
                                         "&",           " + ",
                                         "+",           " / ",
                                         "/",           " | ",
                                         "|",           " (and ",
                                         " (or ",       ". Also ",
                                         "、",          " 、 ",
                                         ",也可以是",   "也可以是",
                                         ",也可能是",   ",或者是",
                                         "或者是",      "或者",
                                         "以及",        "还有",
                                         "和",          "与",
                                         "及",          "或",
                                         "跟",          "加",
                                         " 和 ",        " 与 ",
                                         " 或 ",        ", ",
                                         ",",           "; ",
                                         ";",           "\n\x01",
                                         "\n- ",        " "};
  const bool bracket = starts_at(text, at, ")");
  if (at < text.size() && text[at] == ')') ++at;
  const bool second_box = starts_at(text, at, "\x01");
  if (second_box || (bracket && at < text.size() && is_ascii_word(text[at]))) {  // "(A)(C)"; two boxes, one behind the other
    ret_comma = false;
    return at + (second_box ? 1 : 0);
  }
  for (const std::string_view joint : joints) {
    if (!starts_at(text, at, joint)) continue;
    ret_comma = joint == ", " || joint == "," || joint == "; " || joint == ";" || joint == " " || joint == "\n- ";
    at += joint.size();
    for (const std::string_view name : {"option ", "choice ", "选项 ", "选项", "(", "\n", "\x01"})
      if (starts_at(text, at, name)) at += name.size();
    return at;
  }
  return text.npos;
}

}  // namespace mention_detail

class Mentions {
 public:
  Mentions(std::string_view text, std::string_view options) : text_(text), options_(options) {}

  std::vector<Mention> all() const {
    std::vector<Mention> out;
    for (size_t i = 0; i < text_.size();) {
      if (!is_ascii_word(text_[i])) {
        ++i;
        continue;
      }
      Mention mention = at(i);
      if (mention.letters.empty()) {
        while (i < text_.size() && is_ascii_word(text_[i])) ++i;
        continue;
      }
      if (!mention.lower) join(mention);
      i = mention.end;
      out.push_back(std::move(mention));
    }
    return out;
  }

 private:
  /// The letter, or the run of letters in the order of the options ("ABD都错"), that begins at `i`; else nothing.
  Mention at(size_t i) const {
    Mention out{i, i, {}, false};
    while (out.end < text_.size() && is_ascii_word(text_[out.end])) ++out.end;
    const std::string_view run = text_.substr(i, out.end - i);
    if (run.size() == 1) {
      const char c = run[0];
      out.lower = c >= 'a' && c <= 'z';
      const char upper = out.lower ? static_cast<char>(c - 'a' + 'A') : c;
      if (options_.find(upper) == options_.npos) return out;
      if (out.lower ? is_word(i) : mention_detail::is_other(text_, i)) return out;
      out.letters = upper;
    } else if (run.size() <= options_.size() && run.find_first_not_of(options_) == run.npos &&
               std::adjacent_find(run.begin(), run.end(), std::greater_equal<>()) == run.end()) {
      out.letters = run;
    }
    return out;
  }
  /// A letter in lower case that a word follows, or that begins an abbreviation.
  bool is_word(size_t i) const {
    const auto at = [&](size_t k) { return k < text_.size() ? text_[k] : '\0'; };
    const char next = at(i + 1);
    if (next == '\'' || next == '-' || next == '=' || next == '^' || next == '+') return true;
    if (next == '.' && is_ascii_word(at(i + 2))) return true;
    if (i > 1 && (text_[i - 1] == '.' || text_[i - 1] == '\'' || text_[i - 1] == '-') && is_ascii_word(text_[i - 2]))
      return true;
    if (next != ' ') return false;
    const std::string_view word = word_at(text_, i + 2);
    return text_[i] == 'a' || text_[i] == 'i' ? is_ascii_word(at(i + 2)) && word != "because" && word != "since" : false;
  }
  void join(Mention& mention) const {
    Mention list = mention;
    bool commas_only = true, began_with_semicolon = false, descends = false;
    for (;;) {
      bool comma = false;
      const size_t next = mention_detail::joined_until(text_, list.end, comma);
      if (next == text_.npos || next >= text_.size() || !is_ascii_word(text_[next])) break;
      const Mention more = at(next);
      if (more.letters.empty() || more.lower) break;
      const bool boxed = text_[next - 1] == '\x01', begins_boxed = mention.begin > 0 && text_[mention.begin - 1] == '\x01';
      if (boxed && !begins_boxed) break;  // "the wrong one is A", and the answer in a box below
      if (list.letters.size() > 1 && list.letters.find(more.letters) != list.letters.npos) break;  // "A or B; B"
      const bool semicolon = text_.substr(list.end, next - list.end).find(';') != text_.npos,
                 second = list.letters.size() > mention.letters.size();
      if (second && (descends || (began_with_semicolon && !semicolon)))
        return;  // "C; A and B are wrong", "C, A and B are wrong"
      if (second && semicolon && !began_with_semicolon) break;  // "not A, B or C; D"
      if (!second) began_with_semicolon = semicolon, descends = comma && more.letters[0] < list.letters[0];
      list.letters += more.letters;
      list.end = more.end;
      commas_only = commas_only && comma;
    }
    if (list.letters.size() == mention.letters.size()) return;
    // "C, A is wrong" is not a list; "Answer: B, C" is one, and "A, B are both wrong"
    const bool right_together = !descends && mention_detail::starts_at(text_, list.end, "正确");  // "A,D正确"
    if (commas_only && list.letters.size() == mention.letters.size() + 1 && !ends_a_list(list.end) && !right_together) return;
    mention = std::move(list);
  }
  bool ends_a_list(size_t at) const {
    while (at < text_.size() && (text_[at] == ')' || text_[at] == ' ')) ++at;
    if (at >= text_.size() || text_[at] == '\n' || text_[at] == '.' || text_[at] == ';') return true;
    for (const std::string_view word : {"。", "都", "均", "皆", "两", "are ", "both "})
      if (mention_detail::starts_at(text_, at, word)) return true;
    return false;
  }

  std::string_view text_, options_;
};

}  // namespace sextant::postprocess
