// LongBench's scores that no other set has: the share of right numbers in a reply, the classes that it names, and a line of code
// that is nearly the right one. Pure; [any] thread.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/plain_text.hpp>
#include "../../text/match_rows.hpp"

namespace sextant::metric {

/// Runs of ASCII digits.
inline std::vector<std::string_view> digit_runs(std::string_view text) {
  std::vector<std::string_view> out;
  const auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (!digit(i)) continue;
    const size_t begin = i;
    while (digit(i)) ++i;
    out.push_back(text.substr(begin, i - begin));
  }
  return out;
}

/// The share of the reply's numbers that are the answer's (the first in "Paragraph 15"); 0 where either has none.
inline double numbers_right(std::string_view reply, std::string_view answer) {
  const auto given = digit_runs(reply), wanted = digit_runs(answer);
  if (given.empty() || wanted.empty()) return 0;
  return static_cast<double>(std::count(given.begin(), given.end(), wanted.front())) / static_cast<double>(given.size());
}

/// 1 / the number of classes that the reply names, where the right one is among them, else 0. A class whose name is a part of the right
/// one's is not counted. LongBench's program removes such names from the list that it goes through, and so passes over the one behind
/// each (`as_opencompass`).
inline double classes_right(std::string_view reply, const std::vector<std::string>& classes, const std::string& answer,
                            bool as_opencompass) {
  std::vector<std::string_view> named;
  for (const std::string& one : classes)
    if (reply.find(one) != reply.npos) named.push_back(one);
  const auto is_part = [&](std::string_view name) { return name != answer && answer.find(name) != answer.npos; };
  if (as_opencompass) {
    for (size_t i = 0; i < named.size(); ++i)
      if (is_part(named[i])) named.erase(std::find(named.begin(), named.end(), std::string_view(named[i])));
  } else {
    std::erase_if(named, is_part);
  }
  const bool right = std::find(named.begin(), named.end(), std::string_view(answer)) != named.end();
  return right ? 1 / static_cast<double>(named.size()) : 0;
}

/// The length of the longest common subsequence.
inline size_t common_subsequence(text::Symbols a, text::Symbols b) {
  size_t ends = 0;  // what both begin and end with belongs to it
  while (!a.empty() && !b.empty() && a.front() == b.front()) a = a.subspan(1), b = b.subspan(1), ++ends;
  while (!a.empty() && !b.empty() && a.back() == b.back()) a = a.first(a.size() - 1), b = b.first(b.size() - 1), ++ends;
  return a.empty() || b.empty() ? ends : ends + text::SubsequenceRows(a, b).length();
}

/// The first line of a reply that holds none of `, # and //, behind leading line feeds; "" where there is none.
inline std::string_view first_code_line(std::string_view reply) {
  while (reply.starts_with('\n')) reply.remove_prefix(1);
  for (;;) {
    const size_t end = reply.find('\n');
    const std::string_view line = reply.substr(0, end);
    if (line.find_first_of("`#") == line.npos && line.find("//") == line.npos) return line;
    if (end == reply.npos) return {};
    reply.remove_prefix(end + 1);
  }
}

/// Twice the characters in common over all characters (0 to 1). fuzzywuzzy's ratio, which rounds it to whole percents (`rounded`).
inline double similarity(std::string_view one, std::string_view other, bool rounded) {
  const std::u32string a = text::code_points(one), b = text::code_points(other);
  const double ratio = a.size() + b.size() == 0
                           ? 1
                           : 2 * static_cast<double>(common_subsequence(a, b)) / static_cast<double>(a.size() + b.size());
  return rounded ? std::nearbyint(100 * ratio) / 100 : ratio;
}

}  // namespace sextant::metric
