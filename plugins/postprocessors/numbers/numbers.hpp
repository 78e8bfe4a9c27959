// The number that a reply gives as its answer. Linear in the text. Pure; [any] thread.
#pragma once
#include "../../text/boxed.hpp"
#include "../../text/numbers.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

namespace detail {

// Of what stands behind "the answer is", up to the line's end: the number behind the last equals sign, else the first one.
inline std::string stated_number(std::string_view rest) {
  std::string_view line = text::before(text::strip(rest), "\n");
  auto all = text::numbers(line, text::Blanks::always);
  // "not 450 but 540", "450? No, it is 540"
  const auto denied = [&](const text::NumberAt& number) {
    const std::string_view before = line.substr(0, number.begin), behind = line.substr(number.end);
    return before.ends_with("not ") || before.ends_with("n't ") || before.ends_with("不是") || before.ends_with("不是 ") ||
           behind.starts_with("?") || behind.starts_with("？");
  };
  while (all.size() > 1 && denied(all.front())) all.erase(all.begin());
  if (all.empty()) return {};
  // a sentence ends at a point that no digit follows
  size_t stop = line.size();
  for (size_t dot = line.find('.', all.front().end); dot != line.npos; dot = line.find('.', dot + 1))
    if (dot + 1 >= line.size() || line[dot + 1] == ' ') {
      stop = dot;
      break;
    }
  const size_t equals = line.substr(0, stop).rfind('=');
  for (const auto& number : all)
    if (equals != line.npos && number.begin > equals && number.begin < stop) return number.value;
  return all.front().value;
}

}  // namespace detail

/// The number behind the last "####", \boxed{ or "the answer is"; else the last number of the reply. What follows a next
/// question is not the reply's. Nothing: "".
inline std::string answer_number(std::string_view reply) {
  const std::string answer = utf8::half_width(split_thinking(reply).answer);
  const std::string_view plain = text::before_next_question(answer);
  if (const auto box = text::last_boxed(plain)) {
    const auto inside = text::numbers(*box, text::Blanks::always);
    if (!inside.empty()) return inside.back().value;
  }
  if (const auto stated = text::last_statement(plain)) {
    const std::string number = detail::stated_number(plain.substr(stated->end));
    if (!number.empty()) return number;
  }
  const auto all = text::numbers(plain);
  return all.empty() ? std::string() : all.back().value;
}

inline std::string last_number(std::string_view reply) {
  const std::string answer = utf8::half_width(split_thinking(reply).answer);
  const auto all = text::numbers(answer);
  return all.empty() ? std::string() : all.back().value;
}

inline std::string first_number(std::string_view reply) {
  const std::string answer = utf8::half_width(split_thinking(reply).answer);
  const auto all = text::numbers(answer);
  return all.empty() ? std::string() : all.front().value;
}

/// What stands behind "#### " in GSM8K's solutions; nothing where there is none.
inline std::optional<std::string> gsm8k_reference(std::string_view solution) {
  const auto parts = text::split(solution, "#### ");
  if (parts.size() < 2) return std::nullopt;
  return text::replaced(parts[1], ",", "");
}

/// OpenCompass: the last digits before "Question:", with a minus and decimals but without thousands separators ("1,234" gives
/// 234).
inline std::string gsm8k_opencompass(std::string_view reply) {
  const std::string_view plain = text::before(reply, "Question:");
  std::string_view last;
  const auto digits = [&](size_t at) {
    for (utf8::Character c = utf8::at(plain, at); c.valid && text::is_digit(c.code); c = utf8::at(plain, at)) at += c.size;
    return at;
  };
  for (size_t i = 0; i < plain.size();) {
    size_t end = digits(i);
    if (end == i) {
      i += utf8::at(plain, i).size;
      continue;
    }
    if (end < plain.size() && plain[end] == '.' && digits(end + 1) > end + 1) end = digits(end + 1);
    const size_t begin = i > 0 && plain[i - 1] == '-' ? i - 1 : i;
    last = plain.substr(begin, end - begin);
    i = end;
  }
  return last.empty() ? "NULL" : std::string(last);
}

}  // namespace sextant::postprocess
