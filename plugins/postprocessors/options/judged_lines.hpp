// A line for each option that says whether it is right: "Option B: This is right because ...", "B. Rome (correct)", "B项：正确。". Pure;
// [any] thread.
#pragma once
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include "option_texts.hpp"

namespace sextant::postprocess {
namespace detail {

struct Verdict {
  std::string_view word;
  bool right;
};
constexpr std::array<Verdict, 18> verdicts{{{"incorrect", false},   {"not correct", false}, {"isn't correct", false}, {"wrong", false},
                                            {"false", false},       {"not right", false},   {"isn't right", false},   {"not true", false},
                                            {"isn't true", false},  {"错误", false},        {"不正确", false},        {"不对", false},
                                            {"错", false},          {"correct", true},      {"right", true},          {"true", true},
                                            {"正确", true},         {"对", true}}};

/// The verdict that comes first; of those at one place the longest. ASCII words stand alone.
inline std::optional<bool> verdict_in(std::string_view lower) {
  size_t first = lower.npos, size = 0;
  std::optional<bool> found;
  const auto in_word = [&](size_t at) { return at < lower.size() && lower[at] >= 'a' && lower[at] <= 'z'; };
  for (const auto& [word, right] : verdicts)
    for (size_t at = lower.find(word); at != lower.npos && at <= first; at = lower.find(word, at + 1)) {
      const bool ascii = word[0] >= 'a' && word[0] <= 'z';
      if (ascii && ((at > 0 && in_word(at - 1)) || in_word(at + word.size()))) continue;
      if (at < first || word.size() > size) first = at, size = word.size(), found = right;
      break;
    }
  return found;
}

/// The option that the line is about, and what it says of it.
inline std::optional<std::pair<char, std::string_view>> option_line(std::string_view line) {
  const auto skip = [&](std::initializer_list<std::string_view> any) {
    for (bool more = true; more;) {
      more = false;
      for (const std::string_view one : any)
        if (line.starts_with(one)) line.remove_prefix(one.size()), more = true;
    }
  };
  skip({" ", "-", "*", "•", ">"});
  skip({"Option ", "option ", "Choice ", "choice ", "选项", "("});
  if (line.empty() || line[0] < 'A' || line[0] > 'Z') return std::nullopt;
  const char letter = line[0];
  line.remove_prefix(1);
  const size_t before = line.size();
  skip({")", "选项", "项", ":", ".", "、", ","});
  if (line.size() == before && !line.starts_with(" -") && !line.starts_with(" (") && !line.starts_with(" is")) return std::nullopt;
  return std::pair(letter, line);
}

}  // namespace detail

/// Of a canonical reply (canonical.hpp), the only option that is called right where each of three or more has such a line;
/// else "". "B. the right side" says an option's own words again and judges nothing.
inline std::string right_line(std::string_view reply, std::string_view options, const OptionTexts& texts) {
  if (options.size() < 3) return {};  // "A. True\nB. False" are the options themselves
  std::map<char, bool> said;
  while (!reply.empty()) {
    const size_t line = std::min(reply.find('\n'), reply.size());
    const auto about = detail::option_line(reply.substr(0, line));
    reply.remove_prefix(std::min(line + 1, reply.size()));
    if (!about || options.find(about->first) == options.npos) continue;
    std::string lower(about->second);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::string_view own = texts.of(about->first);
    if (const size_t at = std::min(lower.find_first_not_of(" (-"), lower.size()), end = at + own.size();
        lower.substr(at).starts_with(own) && !(end < lower.size() && is_ascii_word(lower[end])))
      lower.erase(at, own.size());
    if (const auto verdict = detail::verdict_in(lower)) {
      const auto [it, fresh] = said.emplace(about->first, *verdict);
      if (!fresh && it->second != *verdict) return {};
    }
  }
  std::string right;
  for (const auto& [letter, is_right] : said)
    if (is_right) right += letter;
  return said.size() == options.size() && right.size() == 1 ? right : std::string();
}

}  // namespace sextant::postprocess
