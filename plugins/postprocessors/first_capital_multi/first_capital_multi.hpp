// first_capital_multi: the letters of a question with several right answers ("ABD"). Pure; [any] thread.
#pragma once
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
  for (const std::string_view joint : {", and ", " and ", ", ", ",", "、", "和", "与", "及", " & ", "&", "/", "; ", ";", " "})
    if (text.substr(at).starts_with(joint)) return at + joint.size();
  return text.npos;
}

/// The letters that begin lines as the first one does: "A. iron\nC. lead". Nothing where it is no such line.
inline std::string beginning_lines(std::string_view text, std::string_view options) {
  const auto is_item = [&](std::string_view line) {
    if (line.size() < 2 || options.find(line[0]) == options.npos) return false;
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
  const std::string plain = utf8::half_width(split_thinking(text).answer);
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
    std::string found;
    for (size_t at = begin; !run.empty();) {
      found += run;
      at = multi_detail::joined_until(view, at + run.size());
      run = at == view.npos ? std::string_view() : run_at(at);
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
