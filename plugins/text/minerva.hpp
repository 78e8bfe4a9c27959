// The normalisation of final answers that Minerva's evaluation brought up and OpenCompass uses: substitutions in order, then
// what stands in boxes, dollars or behind "answer is". Kept as it is, with what is wrong in it ("an " goes inside words, too).
// Every search is one pass. Pure; [any] thread.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <sextant/plain_text.hpp>

namespace sextant::text {

namespace detail {

/// Each `open` ... `close` becomes what stands between them; the next `close` ends it.
inline std::string unwrapped(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  for (;;) {
    const size_t begin = text.find(open);
    const size_t end = begin == text.npos ? text.npos : text.find(close, begin + open.size());
    if (end == text.npos) return out.append(text);
    out.append(text, 0, begin).append(text, begin + open.size(), end - begin - open.size());
    text.remove_prefix(end + close.size());
  }
}

/// The content of the last `open` ... `close` of those that a scan from the left finds, or nothing.
inline bool last_between(std::string_view text, std::string_view open, std::string_view close, std::string_view& ret) {
  bool found = false;
  for (;;) {
    const size_t begin = text.find(open);
    const size_t end = begin == text.npos ? text.npos : text.find(close, begin + open.size());
    if (end == text.npos) return found;
    ret = text.substr(begin + open.size(), end - begin - open.size());
    found = true;
    text.remove_prefix(end + close.size());
  }
}

/// "answe", an r or none, "is", a colon or none: what stands behind the first.
inline size_t behind_answer_is(std::string_view text) {
  for (size_t at = text.find("answe"); at != text.npos; at = text.find("answe", at + 1)) {
    size_t i = at + 5;
    if (i < text.size() && text[i] == 'r') ++i;
    if (!text.substr(i).starts_with("is")) continue;
    i += 2;
    return i + (i < text.size() && text[i] == ':');
  }
  return text.npos;
}

/// Behind each `command` one character that is not a brace, and `more` characters behind it, get braces of their own.
inline std::string with_braces(std::string_view text, std::string_view command, bool second) {
  std::string out;
  for (;;) {
    const size_t at = text.find(command);
    if (at == text.npos) return out.append(text);
    const size_t begin = at + command.size();
    const utf8::Character a = utf8::at(text, begin);
    const utf8::Character b = second ? utf8::at(text, begin + a.size) : a;
    if (a.size == 0 || a.code == '{' || (second && b.size == 0)) {
      out.append(text, 0, begin);
      text.remove_prefix(begin);
      continue;
    }
    out.append(text, 0, begin).append("{").append(text, begin, a.size).append("}");
    if (second) out.append("{").append(text, begin + a.size, b.size).append("}");
    text.remove_prefix(begin + a.size + (second ? b.size : 0));
  }
}

}  // namespace detail


inline std::string normalize_final_answer(std::string_view text) {
  std::string out(text);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 11> substitutions{{{"an ", ""},
                                                                                         {"a ", ""},
                                                                                         {".$", "$"},
                                                                                         {"\\$", ""},
                                                                                         {"\\ ", ""},
                                                                                         {" ", ""},
                                                                                         {"mbox", "text"},
                                                                                         {",\\text{and}", ","},
                                                                                         {"\\text{and}", ","},
                                                                                         {"\\text{m}", "\\text{}"},
                                                                                         {"\\le", "<"}}};
  for (const auto& [from, to] : substitutions) out = replaced(out, from, to);
  for (const std::string_view removed : {"square",
                                         "ways",
                                         "integers",
                                         "dollars",
                                         "mph",
                                         "inches",
                                         "ft",
                                         "hours",
                                         "km",
                                         "units",
                                         "\\ldots",
                                         "sue",
                                         "points",
                                         "feet",
                                         "minutes",
                                         "digits",
                                         "cents",
                                         "degrees",
                                         "cm",
                                         "gm",
                                         "pounds",
                                         "meters",
                                         "meals",
                                         "edges",
                                         "students",
                                         "childrentickets",
                                         "multiples",
                                         "\\text{s}",
                                         "\\text{.}",
                                         "\\text{\ns}",
                                         "\\text{}^2",
                                         "\\text{}^3",
                                         "\\text{\n}",
                                         "\\text{}",
                                         "\\mathrm{th}",
                                         "^\\circ",
                                         "^{\\circ}",
                                         "\\;",
                                         ",\\!",
                                         "{,}",
                                         "\"",
                                         "\\dots",
                                         "\n",
                                         "\r",
                                         "\f"})
    out = replaced(out, removed, "");
  out = detail::unwrapped(out, "\\text{(", ")}");
  for (const std::string_view command : {"\\text{", "\\textbf{", "\\overline{"}) out = detail::unwrapped(out, command, "}");
  if (const size_t box = out.find("\\boxed{"), close = out.rfind('}'); box != out.npos && close != out.npos && close >= box + 7)
    out = out.substr(0, box) + out.substr(box + 7, close - box - 7) + out.substr(close + 1);
  if (const size_t at = out.find("finalansweris"); at != out.npos) out.erase(0, at + 13);
  if (const size_t at = detail::behind_answer_is(out); at != out.npos) out.erase(0, at);
  std::string_view inner;
  if (detail::last_between(out, "oxed{", "}", inner)) out = std::string(inner);
  if (detail::last_between(out, "$", "$", inner)) out = std::string(inner);
  out = std::string(strip(out));
  if (out.find("rac") != out.npos && out.find("\\frac") == out.npos) out = replaced(out, "rac", "\\frac");
  out = detail::with_braces(out, "frac", true);
  out = detail::with_braces(out, "sqrt", false);
  out = replaced(out, "$", "");
  if (const std::string digits = replaced(out, ",", ""); all_digits(digits)) out = digits;
  return out;
}

}  // namespace sextant::text
