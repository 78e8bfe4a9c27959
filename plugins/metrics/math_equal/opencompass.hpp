// OpenCompass' MATHEvaluator: strings are stripped of what LaTeX and people write differently, and compared as strings; then
// once more after Minerva's normalisation. What raises an exception there ends its stage here. Linear in the text. Pure; [any]
// thread.
#pragma once
#include <optional>
#include "../../text/minerva.hpp"
#include "../../text/numbers.hpp"

namespace sextant::metric {

namespace detail {

using Stripped = std::optional<std::string>;  // nothing: Python raised an exception

inline std::string all_replaced(std::string out, std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  for (const auto& [from, to] : pairs) out = text::replaced(out, from, to);
  return out;
}

/// \frac12 and \frac1{72} get their braces; where fewer than two characters follow one, the whole text stays.
inline std::string with_fraction_braces(const std::string& given) {
  const auto parts = text::split(given, "\\frac");
  std::string out(parts.front());
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = parts[i];
    out += "\\frac";
    if (part.starts_with('{')) {
      out += part;
      continue;
    }
    const utf8::Character a = utf8::at(part, 0), b = utf8::at(part, a.size);
    if (b.size == 0) return given;
    const std::string_view rest = part.substr(a.size + b.size);
    out.append("{").append(part, 0, a.size).append("}");
    if (b.code == '{') out.append("{");
    else out.append("{").append(part, a.size, b.size).append("}");
    out.append(rest);
  }
  return out;
}

/// a/b of two whole numbers as \frac{a}{b}; of anything else around the slash int() raises.
inline Stripped slash_as_fraction(const std::string& given) {
  const auto parts = text::split(given, "/");
  if (parts.size() != 2) return given;
  if (!text::python_int(parts[0]) || !text::python_int(parts[1])) return std::nullopt;
  const auto canonical = [](std::string_view part) {  // what str(int(part)) is
    if (part.starts_with('-')) part.remove_prefix(1), part = part == "0" ? "" : part;
    return !part.empty() && part.find_first_not_of("0123456789") == part.npos && (part.size() == 1 || part[0] != '0');
  };
  if (!canonical(parts[0]) || !canonical(parts[1])) return given;
  return "\\frac{" + std::string(parts[0]) + "}{" + std::string(parts[1]) + "}";
}

inline std::string without_short_left_side(std::string out) {
  const auto sides = text::split(out, "=");
  return sides.size() == 2 && utf8::length(sides[0]) <= 2 ? std::string(sides[1]) : out;
}

inline Stripped strip_v1(std::string_view given) {
  std::string out = all_replaced(std::string(given), {{"\n", ""},
                                                      {"\\!", ""},
                                                      {"\\\\", "\\"},
                                                      {"tfrac", "frac"},
                                                      {"dfrac", "frac"},
                                                      {"\\left", ""},
                                                      {"\\right", ""},
                                                      {"^{\\circ}", ""},
                                                      {"^\\circ", ""},
                                                      {"\\$", ""}});
  if (const auto parts = text::split(out, "\\text{ "); parts.size() == 2) out = std::string(parts[0]);
  else if (parts.size() > 2) return std::nullopt;
  out = all_replaced(std::move(out), {{"\\%", ""}, {" .", " 0."}, {"{.", "{0."}});
  if (out.empty()) return out;
  if (out[0] == '.') out = "0" + out;
  out = without_short_left_side(std::move(out));
  const auto roots = text::split(out, "\\sqrt");
  std::string rooted(roots.front());
  for (size_t i = 1; i < roots.size(); ++i) {
    if (roots[i].empty()) return std::nullopt;
    const size_t size = roots[i][0] == '{' ? 0 : utf8::at(roots[i], 0).size;
    rooted += "\\sqrt";
    if (size > 0) rooted.append("{").append(roots[i], 0, size).append("}");
    rooted.append(roots[i].substr(size));
  }
  out = with_fraction_braces(text::replaced(rooted, " ", ""));
  if (out == "0.5") out = "\\frac{1}{2}";
  return slash_as_fraction(out);
}

/// A point and zeros between digits and what is not a digit, or the end, goes: 7.00 cm is 7 cm.
inline std::string without_zero_decimals(std::string_view given) {
  std::string out;
  const auto digit_before = [&](size_t at) {
    size_t begin = at;
    while (begin > 0 && utf8::continues(given[--begin])) {}
    return at > 0 && text::is_digit(utf8::at(given, begin).code);
  };
  size_t consumed = 0;  // a character that a match took in cannot begin the next one
  for (size_t i = 0; i < given.size();) {
    const size_t zeros_end = given[i] == '.' ? std::min(given.find_first_not_of('0', i + 1), given.size()) : i;
    if (zeros_end > i + 1 && i > consumed && digit_before(i) && zeros_end < given.size() &&
        !text::is_digit(utf8::at(given, zeros_end).code)) {
      const size_t size = utf8::at(given, zeros_end).size;
      out.append(given, zeros_end, size);
      consumed = i = zeros_end + size;
      continue;
    }
    out += given[i++];
  }
  const size_t last = out.find_last_not_of('0');
  if (last != out.npos && last + 1 < out.size() && out[last] == '.' && last > 0) {
    size_t begin = last;
    while (begin > 0 && utf8::continues(out[--begin])) {}
    if (text::is_digit(utf8::at(out, begin).code)) out.resize(last);
  }
  return out;
}

inline Stripped strip_v2(std::string_view given) {
  std::string out = text::replaced(text::strip(given), "\n", "");
  out.resize(out.find_last_not_of('.') + 1);
  out = all_replaced(std::move(out), {{"\\!", ""},
                                      {"\\ ", ""},
                                      {"\\\\", "\\"},
                                      {"\\\\", "\\"},
                                      {"tfrac", "frac"},
                                      {"dfrac", "frac"},
                                      {"\\left", ""},
                                      {"\\right", ""}});
  if (const size_t at = out.find("\\text{"); at != out.npos && out.size() > at + 6 && out.back() == '}') {
    const std::string without(text::strip(std::string_view(out).substr(0, at)));
    if (!without.empty()) out = without;
  } else if (std::string bare(text::strip(out)); !bare.empty()) {
    out = bare;  // their comparison sees the blanks that strip() took
  }
  out = all_replaced(std::move(out), {{"^{\\circ}", ""},
                                      {"^\\circ", ""},
                                      {"\\$", ""},
                                      {"$", ""},
                                      {"\\text", ""},
                                      {"x\\in", ""},
                                      {"\\%", ""},
                                      {"%", ""},
                                      {" .", " 0."},
                                      {"{.", "{0."},
                                      {"\\cdot", ""},
                                      {"infinity", "\\infty"}});
  if (out.find("\\infty") == out.npos) out = text::replaced(out, "inf", "\\infty");
  out = all_replaced(std::move(out), {{"+\\inity", "\\infty"}, {"and", ""}, {"\\mathbf", ""}});
  std::string boxless;
  std::string_view rest = out;
  for (size_t at = rest.find("\\mbox{"), end; at != rest.npos && (end = rest.find('}', at)) != rest.npos;
       at = rest.find("\\mbox{")) {
    boxless.append(rest.substr(0, at));
    rest.remove_prefix(end + 1);
  }
  out = boxless.append(rest);
  if (out.find('j') != out.npos && out.find('i') == out.npos) out = text::replaced(out, "j", "i");
  out = without_zero_decimals(out);
  if (out.empty()) return out;
  if (out[0] == '.') out = "0" + out;
  out = without_short_left_side(std::move(out));
  std::string rooted;
  for (size_t i = 0; i < out.size();) {
    if (!std::string_view(out).substr(i).starts_with("\\sqrt")) {
      rooted += out[i++];
      continue;
    }
    size_t end = i += 5;
    for (utf8::Character c = utf8::at(out, end); c.valid && text::is_word(c.code); c = utf8::at(out, end)) end += c.size;
    rooted += "\\sqrt";
    if (end > i) rooted.append("{").append(out, i, end - i).append("}");
    i = end;
  }
  return slash_as_fraction(with_fraction_braces(text::replaced(rooted, " ", "")));
}

}  // namespace detail

inline bool equivalent_opencompass(std::string_view a, std::string_view b, bool second_version) {
  const auto strip = second_version ? detail::strip_v2 : detail::strip_v1;
  const auto one = strip(a), two = one ? strip(b) : std::nullopt;
  if (one && two && (*one == *two || text::normalize_final_answer(*one) == text::normalize_final_answer(*two))) return true;
  return text::normalize_final_answer(a) == text::normalize_final_answer(b) || a == b;
}

}  // namespace sextant::metric
