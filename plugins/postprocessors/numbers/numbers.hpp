// The number that a reply gives as its answer. Linear in the text. Pure; [any] thread.
#pragma once
#include "../../text/boxed.hpp"
#include "../../text/numbers.hpp"
#include "../../text/replies.hpp"

namespace sextant::postprocess {

namespace detail {

// "12,5" as 12.5: two whole numbers joined by one comma, which is no thousands separator there; lists of more, and pairs in
// brackets, stay numbers of their own. So do those of "0,125".
inline std::vector<text::NumberAt> numbers_of(std::string_view given, text::Blanks blanks = text::Blanks::before_zeros) {
  auto all = text::numbers(given, blanks);
  const auto digits = [&](const text::NumberAt& of) {
    return given.substr(of.begin, of.end - of.begin).find_first_not_of("0123456789") == given.npos;
  };
  const auto comma_at = [&](size_t at) {
    const size_t size = given.substr(at).starts_with("{,}") ? 3 : given.substr(at).starts_with(',') ? 1 : 0;
    return size > 0 && at + size < given.size() && text::is_ascii_digit(given[at + size]) ? size : 0;
  };
  const auto spelt = [](std::string whole, std::string_view decimals) {
    const size_t end = decimals.find_last_not_of('0');
    return end == decimals.npos ? whole : whole.append(1, '.').append(decimals.substr(0, end + 1));
  };
  std::vector<text::NumberAt> out;
  for (size_t i = 0; i < all.size(); ++i) {
    text::NumberAt one = all[i];
    const std::string_view raw = given.substr(one.begin, one.end - one.begin);
    const size_t zero = raw.find_first_of("0123456789");
    if (zero != raw.npos && raw.size() == zero + 5 && raw.substr(zero).starts_with("0,") && comma_at(one.end) == 0) {
      one.value = spelt(raw[0] == '0' ? "0" : "-0", raw.substr(zero + 2));   // no thousands begin with 0
      out.push_back(std::move(one));
      continue;
    }
    const bool whole = one.value.find_first_not_of("-0123456789") == std::string::npos &&
                       raw.find_first_of(",./^e") == raw.npos;
    const size_t comma = whole ? comma_at(one.end) : 0;
    if (comma > 0 && i + 1 < all.size() && all[i + 1].begin == one.end + comma && digits(all[i + 1]) &&
        comma_at(all[i + 1].end) == 0) {
      const bool follows = one.begin > 0 && given[one.begin - 1] == ',';
      const auto is_one_of = [&](size_t at, std::string_view signs) {
        return at < given.size() && signs.find(given[at]) != signs.npos;
      };
      const bool enclosed = one.begin > 0 && is_one_of(one.begin - 1, "([{") && is_one_of(all[i + 1].end, ")]}");
      if (!follows && !enclosed) {
        one.value = spelt(std::move(one.value), given.substr(one.end + comma, all[i + 1].end - one.end - comma));
        one.end = all[++i].end;
      }
    } else if (comma > 0) {   // a list: none of its numbers is joined to the next
      while (i + 1 < all.size() && all[i + 1].begin == all[i].end + 1 && given[all[i].end] == ',') out.push_back(all[i++]);
      one = all[i];
    }
    out.push_back(std::move(one));
  }
  return out;
}

// In half width, but a Chinese comma between numbers is one between clauses, unless it separates thousands: 30，2人.
inline std::string in_half_width(std::string_view given) {
  constexpr std::string_view comma = "，", zero = "０", nine = "９";
  const auto wide = [&](std::string_view at) { return at.substr(0, 3) >= zero && at.substr(0, 3) <= nine && at.size() >= 3; };
  std::string out;
  size_t from = 0;
  for (size_t at = given.find(comma); at != given.npos; at = given.find(comma, from)) {
    const size_t behind = at + comma.size();
    out.append(given, from, behind - from);
    from = behind;
    if ((at < 3 || !wide(given.substr(at - 3))) && !text::detail::is_group(given, behind, 3)) out += ' ';
  }
  return utf8::half_width(out.append(given.substr(from)));
}

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

// What "25% of 80, which is 20" comes to; "" where the first number begins no calculation in words or signs, or none is ended.
inline std::string worked_out(std::string_view sentence, const std::vector<text::NumberAt>& all) {
  const std::string_view behind = sentence.substr(all.front().end);
  const bool begins = is_calculation(behind) || [&] {
    for (const std::string_view words : {"% of ", "\\% of ", " percent of ", " times ", " plus ", " minus ", " divided by ",
                                         " multiplied by "})
      if (behind.starts_with(words)) return true;
    return false;
  }();
  if (!begins) return {};
  for (size_t i = 2; i < all.size() && all[i].begin < sentence.size(); ++i) {
    const std::string_view before = sentence.substr(0, all[i].begin);
    for (const std::string_view words : {" is ", " is $", " equals ", " equals $", " gives ", " makes ", " comes to ", "等于",
                                         "等于 "})
      if (before.ends_with(words)) return all[i].value;
  }
  return {};
}

// Of what stands behind "the answer is", up to the line's end: the number behind the last equals sign, else the first one.
inline std::string stated_number(std::string_view rest) {
  const bool same_line = text::strip(rest.substr(0, std::min(rest.find('\n'), rest.size()))).size() > 0;
  const std::string owner =
      same_line ? sign_joined(text::before(rest, "\n")) : std::string(text::before(text::strip(rest), "\n"));
  const std::string_view line = text::strip(owner);
  auto all = numbers_of(line, text::Blanks::always);
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
  const std::string result = worked_out(line.substr(0, stop), all);
  return result.empty() ? all.front().value : result;
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
  const auto all = numbers_of(behind.substr(from));
  return all.empty() ? std::string() : all.back().value;
}

// An answer in a place of its own, <answer>12</answer> or {"answer": 12}, or before its verb, "12 is the answer".
struct Placed {
  size_t begin = 0, end = 0;
  std::string value;
};

// The number of a text that is an answer and no more: what it begins with or states, else its last one.
inline std::string number_inside(std::string_view content) {
  const std::string_view plain = text::strip(content, " \t\r\n*$\"'");
  const auto all = numbers_of(plain);
  if (all.empty()) return {};
  const auto stated = text::last_statement(plain);
  const std::string number = all.front().begin == 0 ? stated_number(plain)
                             : stated               ? stated_number(plain.substr(stated->end))
                                                    : std::string();
  return number.empty() ? all.back().value : number;
}

// The last <answer> that holds a number.
inline std::optional<Placed> tagged_number(std::string_view given) {
  constexpr std::string_view open = "<answer>", close = "</answer>";
  std::optional<Placed> out;
  for (size_t at = text::find_ignoring_case(given, open); at != given.npos;) {
    const size_t begin = at + open.size(), next = text::find_ignoring_case(given, "answer>", begin);
    const bool closed = next != given.npos && next >= begin + 2 && given.substr(next - 2).starts_with("</");
    const std::string_view rest = given.substr(begin, closed ? next - 2 - begin : next == given.npos ? next : next - begin);
    const size_t end = begin + (closed ? rest.size() : std::min(rest.find('\n'), rest.size()));
    if (std::string value = number_inside(given.substr(begin, end - begin)); !value.empty())
      out = Placed{at, closed ? end + close.size() : end, std::move(value)};
    at = next == given.npos                          ? next
         : next > begin && given[next - 1] == '<' ? next - 1
                                                  : text::find_ignoring_case(given, open, next);
  }
  return out;
}

// The last member "answer" or "final_answer" of what is written as JSON that holds a number, and is no list.
inline std::optional<Placed> member_number(std::string_view given) {
  constexpr size_t looked_at = 400;
  std::optional<Placed> out;
  for (size_t at = text::find_ignoring_case(given, "answer"); at != given.npos;
       at = text::find_ignoring_case(given, "answer", at + 1)) {
    size_t colon = at + 6;
    const char quote = colon < given.size() ? given[colon] : ' ';
    if (quote != '"' && quote != '\'') continue;
    const size_t from = at - std::min<size_t>(at, 16), open = given.substr(from, at - from).rfind(quote) + from;
    if (open >= at || open < from) continue;
    const std::string key = text::lower(given.substr(open + 1, at - open - 1));
    constexpr std::string_view keys[] = {"", "final", "final_", "final ", "correct_", "numeric_", "numerical_"};
    if (std::find(std::begin(keys), std::end(keys), key) == std::end(keys)) continue;
    do ++colon;
    while (colon < given.size() && given[colon] == ' ');
    if (colon >= given.size() || given[colon] != ':') continue;
    size_t begin = given.find_first_not_of(" \n", colon + 1);
    if (begin == given.npos || given[begin] == '[' || given[begin] == '{') continue;
    const size_t last = std::min(given.size(), begin + looked_at);
    size_t end = begin;
    if (given[begin] == quote) {
      for (end = ++begin; end < last && given[end] != quote && given[end] != '\n'; ++end)
        if (given[end] == '\\') ++end;
    } else {
      while (end < last && given[end] != '}' && given[end] != '\n' &&
             (given[end] != ',' || (end + 1 < given.size() && text::is_ascii_digit(given[end + 1]))))
        ++end;
    }
    end = std::min(end, last);
    if (std::string value = number_inside(given.substr(begin, end - begin)); !value.empty())
      out = Placed{at, end, std::move(value)};
  }
  return out;
}

// The last "12 is the answer" that is no assumption, no question and not one of a part's answer.
inline std::optional<Placed> number_before_verb(std::string_view given) {
  constexpr size_t looked_at = 80;
  std::optional<Placed> out;
  for (size_t at = text::find_ignoring_case(given, " is the "); at != given.npos;
       at = text::find_ignoring_case(given, " is the ", at + 1)) {
    std::string_view rest = given.substr(at + 8);
    for (const std::string_view word : {"correct ", "right ", "final ", "final correct "})
      if (text::find_ignoring_case(rest.substr(0, word.size()), word) == 0) {
        rest.remove_prefix(word.size());
        break;
      }
    if (text::find_ignoring_case(rest.substr(0, 6), "answer") != 0) continue;
    rest.remove_prefix(6);
    const auto follows = [&](std::string_view what) { return rest.starts_with(what); };
    if (!rest.empty() && std::string_view(" .,;!\n)*").find(rest[0]) == std::string_view::npos) continue;
    if (follows(" to ") && !follows(" to the question") && !follows(" to the problem") && !follows(" to your question"))
      continue;
    if (follows(" for ") || follows(" of ") || follows(" in ") || follows(" if ") || follows(" choice")) continue;
    const size_t begin = at > looked_at ? std::min(given.find(' ', at - looked_at), at) : 0;
    const std::string_view before = given.substr(begin, at - begin);
    const auto all = numbers_of(before);
    if (all.empty()) continue;
    std::string_view between = before.substr(all.back().end), lead = before.substr(0, all.back().begin);
    if (between.ends_with(", which")) between.remove_suffix(7);
    if (between.find_first_of(".!?\n,;:=()") != between.npos || between.size() > 24) continue;   // a unit at most
    if (lead.size() > 24) lead.remove_prefix(lead.size() - 24);
    const std::string assumed = " " + text::lower(lead);
    bool said = true;
    for (const std::string_view word : {" if ", "suppose", "assum", "whether", "think", "n't", " not ", "maybe", "perhaps",
                                        " why "})
      said = said && assumed.find(word) == assumed.npos;
    for (const std::string_view word : {"what", "that", "this", "it", "here", "who"}) said = said && !between.ends_with(word);
    if (said) out = Placed{at, given.size() - rest.size(), all.back().value};
  }
  return out;
}

}  // namespace detail

/// The number in the last \boxed{}; else in <answer> or a JSON member "answer", behind "####" or "the answer is", whichever comes
/// last, or before "is the answer", unless the reply takes it back; else the last number of the reply. What follows a
/// next question is not the reply's. Nothing: "".
inline std::string answer_number(std::string_view reply) {
  const std::string answer = detail::in_half_width(split_thinking(reply).answer);
  const std::string_view plain = text::before_next_question(answer);
  if (const auto box = text::last_boxed(plain)) {
    const auto inside = detail::numbers_of(detail::sign_joined(*box), text::Blanks::always);
    if (!inside.empty()) return inside.back().value;
  }
  const auto stated = text::last_statement(plain);
  auto placed = detail::tagged_number(plain);
  if (auto member = detail::member_number(plain); member && (!placed || member->begin > placed->begin))
    placed = std::move(member);
  if (!placed && !stated) placed = detail::number_before_verb(plain);
  if (placed && (!stated || stated->begin < placed->end)) {
    const std::string later = detail::corrected_number(plain.substr(placed->end));
    return later.empty() ? placed->value : later;
  }
  if (stated) {
    const std::string number = detail::stated_number(plain.substr(stated->end)),
                      later = number.empty() ? number : detail::corrected_number(plain.substr(stated->end));
    if (!later.empty()) return later;
    if (!number.empty()) return number;
  }
  const auto all = detail::numbers_of(plain);
  return all.empty() ? std::string() : all.back().value;
}

inline std::string last_number(std::string_view reply) {
  const std::string answer = detail::in_half_width(split_thinking(reply).answer);
  const auto all = detail::numbers_of(answer);
  return all.empty() ? std::string() : all.back().value;
}

inline std::string first_number(std::string_view reply) {
  const std::string answer = detail::in_half_width(split_thinking(reply).answer);
  const auto all = detail::numbers_of(answer);
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
