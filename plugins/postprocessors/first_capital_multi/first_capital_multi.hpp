// first_capital_multi: the letters of a question with several right answers ("ABD"). Pure; [any] thread.
#pragma once
#include <initializer_list>
#include <sextant/thinking.hpp>
#include "../letters.hpp"

namespace sextant::postprocess {

/// OpenCompass: the first run of `options` letters.
inline std::string first_run_opencompass(std::string_view text, std::string_view options) {
  const size_t begin = text.find_first_of(options);
  if (begin == text.npos) return {};
  return std::string(text.substr(begin, std::min(text.find_first_not_of(options, begin), text.size()) - begin));
}

namespace multi_detail {

/// The end of what joins the letters of a list behind `at`, or npos.
inline size_t joined_until(std::string_view text, size_t at) {
  for (const std::string_view joint :
       {", and ", " and ", ", ", ",", "、", "和", "与", "及", " & ", "&", " + ", "+", "/", "; ", ";", " "})
    if (text.substr(at).starts_with(joint)) return at + joint.size();
  return text.npos;
}

/// Without stars, and without brackets around one letter: "(A), **C**" as "A, C".
inline std::string undressed(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*' || text[i] == '`') continue;
    const bool open = text[i] == '(' || text[i] == '[';
    const size_t letter = open ? text.find_first_not_of("*` ", i + 1) : text.npos,
                 close = letter == text.npos ? letter : text.find_first_not_of("*` ", letter + 1);
    const std::string_view behind = close == text.npos ? std::string_view() : text.substr(close + 1);
    const bool text_follows = behind.size() > 1 && behind[0] == ' ' && behind[1] >= 'a' && behind[1] <= 'z' &&  // "(A) iron"
                              !behind.starts_with(" and ") && !behind.starts_with(" is ") && !behind.starts_with(" are ");
    if (close != text.npos && close - i < 12 && !text_follows && text[letter] >= 'A' && text[letter] <= 'Z' &&
        (text[close] == ')' || text[close] == ']')) {
      if (!out.empty() && is_ascii_word(out.back())) out += ' ';
      out += text[letter];
      i = close;
      continue;
    }
    out += text[i];
  }
  return out;
}

inline bool begins_with_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words)
    if (text.starts_with(word)) return true;
  return false;
}
/// What stands behind a letter and says that it is wrong, or right.
inline std::string_view behind_name(std::string_view text) {
  for (const std::string_view name : {"选项", "项"})
    if (text.starts_with(name)) return text.substr(name.size());
  return text;
}
inline bool is_wrong(std::string_view behind) {
  return begins_with_one_of(behind_name(behind), {"错", "不", "有误", "是错", " is wrong", " is incorrect", " is false",
                                                  " is not", " are wrong", " are incorrect"});
}
inline bool is_right(std::string_view behind) {
  return begins_with_one_of(behind_name(behind),
                            {"正确", "对", "是对", "是正确", "符合", " is correct", " is right", " is true"});
}
/// What stands before a letter and says that it is none.
inline bool is_left_out(std::string_view before) {
  for (const std::string_view word :
       {"排除", "不选", "不是", "除了", "去掉", "eliminate ", "exclude ", "not ", "rule out ", "Not "})
    if (before.ends_with(word)) return true;
  return false;
}

/// The letters that begin lines as the first one does: "A. iron\nC. lead". Nothing where it is no such line.
inline std::string beginning_lines(std::string_view text, std::string_view options) {
  const auto is_item = [&](std::string_view line) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty() || options.find(line[0]) == options.npos) return false;
    if (line.size() == 1) return true;
    return std::string_view(".):").find(line[1]) != std::string_view::npos || line.substr(1).starts_with("、");
  };
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (!is_item(text.substr(0, end))) break;
    out += text[0];
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of("\n\r "), text.size()));
  }
  return out;
}

}  // namespace multi_detail

/// The first run of `options` letters that has no ASCII letter or digit next to it, so that the A of "Answer" is none; with
/// those that a list joins to it: "A, B and D", "A、B、D". Each once, in the order of the options. Full-width letters count as
/// their ASCII ones.
inline std::string first_run(std::string_view text, std::string_view options) {
  const std::string plain = multi_detail::undressed(utf8::half_width(split_thinking(text).answer));
  const std::string_view view = plain;
  const auto run_at = [&](size_t begin) -> std::string_view {
    const size_t end = begin < view.size() ? std::min(view.find_first_not_of(options, begin), view.size()) : begin;
    return end > begin && stands_alone(view, begin, end) && !(end == begin + 1 && is_word_of_one_letter(view, begin))
               ? view.substr(begin, end - begin)
               : std::string_view();
  };
  for (size_t begin = view.find_first_of(options); begin != view.npos;) {
    std::string_view run = run_at(begin);
    if (run.empty()) {
      begin = view.find_first_of(options, std::min(view.find_first_not_of(options, begin), view.size()));
      continue;
    }
    const size_t behind = begin + run.size();
    if (multi_detail::is_left_out(view.substr(0, begin)) ||
        (multi_detail::is_wrong(view.substr(behind)) && behind < view.size())) {
      begin = view.find_first_of(options, behind);
      continue;
    }
    std::string found;
    for (size_t at = begin; !run.empty();) {
      found += run;
      at += run.size();
      at = multi_detail::joined_until(view, at < view.size() && view[at] == ')' ? at + 1 : at);  // "A) and C)"
      run = at == view.npos ? std::string_view() : run_at(at);
      if (!run.empty() && multi_detail::is_wrong(view.substr(at + run.size()))) break;  // "BCD, A错误"
    }
    if (multi_detail::is_right(view.substr(behind)))  // "A项正确, C项正确, B项错误": each is judged
      for (size_t at = view.find_first_of(options, behind); at != view.npos; at = view.find_first_of(options, at)) {
        const std::string_view more = run_at(at);
        if (!more.empty() && multi_detail::is_right(view.substr(at + more.size()))) found += more;
        at = std::min(view.find_first_not_of(options, at), view.size());
      }
    if (found.size() == 1 &&
        (begin == 0 || view[begin - 1] == '\n'))  // "A. iron\nC. lead": each option that is chosen has a line
      found += multi_detail::beginning_lines(view.substr(begin), options);
    std::string sorted;
    for (const char option : options)
      if (found.find(option) != found.npos) sorted += option;
    return sorted;
  }
  return {};
}

}  // namespace sextant::postprocess
