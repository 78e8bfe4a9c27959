// The number that a reply gives as its answer. Linear in the text. Pure; [any] thread.
#pragma once
#include "../../text/boxed.hpp"
#include "../../text/numbers.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

namespace detail {

// "- 5", where nothing else stands before it: there the minus is no bullet.
inline std::string sign_joined(std::string_view given) {
  const std::string_view plain = text::strip(given, " $");
  for (const std::string_view minus : {"-", "−", "–"}) {
    const std::string_view rest = text::strip(plain.substr(std::min(minus.size(), plain.size())));
    if (plain.starts_with(minus) && !rest.empty() && (text::is_ascii_digit(rest[0]) || rest[0] == '$' || rest[0] == '\\'))
      return "-" + std::string(rest);
  }
  return std::string(given);
}

// "15 = 3*5" states 15: what stands behind the equals sign is how it comes about.
inline bool is_calculation(std::string_view behind) {
  behind = text::strip(behind);
  for (const std::string_view sign : {"*", "×", "+", "-", "−", "/", "÷", "\\times", "\\cdot", "x "})
    if (behind.starts_with(sign)) return true;
  return false;
}

// Of what stands behind "the answer is", up to the line's end: the number behind the last equals sign, else the first one.
inline std::string stated_number(std::string_view rest) {
  const bool same_line = text::strip(rest.substr(0, std::min(rest.find('\n'), rest.size()))).size() > 0;
  const std::string owner =
      same_line ? sign_joined(text::before(rest, "\n")) : std::string(text::before(text::strip(rest), "\n"));
  const std::string_view line = text::strip(owner);
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
    if (equals != line.npos && number.begin > equals && number.begin < stop) {
      const bool first_is_alone = all.front().end <= line.find('=') && &number == &all[1];
      return first_is_alone && is_calculation(line.substr(number.end, stop - number.end)) ? all.front().value : number.value;
    }
  return all.front().value;
}

// Where a text says that what stands before it is wrong; behind the words, or npos.
inline size_t taken_back(std::string_view text) {
  size_t out = text.npos;
  for (const std::string_view words :
       {"that's wrong", "that is wrong", "this is wrong", "that's incorrect", "that is incorrect", "this is incorrect",
        "that's not right", "that is not right", "that isn't right", "i made a mistake", "i made an error",
        "correction:", "不对", "错了", "算错", "更正", "有误"})
    if (const size_t at = text::find_ignoring_case(text, words); at != text.npos) out = std::min(out, at + words.size());
  return out;
}

// The number that a text gives in place of one that it takes back; "" where it takes nothing back, or gives none.
inline std::string corrected_number(std::string_view behind) {
  const size_t from = taken_back(behind);
  if (from == behind.npos) return {};
  const auto all = text::numbers(behind.substr(from));
  return all.empty() ? std::string() : all.back().value;
}

}  // namespace detail

/// The number behind the last "####", \boxed{ or "the answer is", unless the reply takes it back; else the last number of the
/// reply. What follows a next question is not the reply's. Nothing: "".
inline std::string answer_number(std::string_view reply) {
  const std::string answer = utf8::half_width(split_thinking(reply).answer);
  const std::string_view plain = text::before_next_question(answer);
  if (const auto box = text::last_boxed(plain)) {
    const auto inside = text::numbers(detail::sign_joined(*box), text::Blanks::always);
    if (!inside.empty()) return inside.back().value;
  }
  if (const auto stated = text::last_statement(plain)) {
    const std::string number = detail::stated_number(plain.substr(stated->end)),
                      later = number.empty() ? number : detail::corrected_number(plain.substr(stated->end));
    if (!later.empty()) return later;
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
