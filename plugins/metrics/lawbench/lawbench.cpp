#include "lawbench.hpp"
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sextant/plain_text.hpp>

namespace sextant::metric::lawbench {
namespace {

constexpr uint64_t most = 1'000'000'000'000;  // no number of an article or a term; beyond, digits are no number

double f1(double common, double given, double wanted) {
  if (common == 0) return 0;
  const double precision = common / given, recall = common / wanted;
  return 2 * precision * recall / (precision + recall);
}

std::optional<int> digit_of(char32_t c) {
  constexpr std::u32string_view digits = U"零一二三四五六七八九", others = U"〇壹贰叁肆伍陆柒捌玖";
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  if (c >= 0xFF10 && c <= 0xFF19) return static_cast<int>(c - 0xFF10);
  if (c == U'两') return 2;
  for (const auto& of : {digits, others})
    if (const size_t at = of.find(c); at != of.npos) return static_cast<int>(at);
  return std::nullopt;
}

uint64_t unit_of(char32_t c) {
  switch (c) {
    case U'十': case U'拾': return 10;
    case U'百': case U'佰': return 100;
    case U'千': case U'仟': return 1000;
    case U'万': return 10'000;
    case U'亿': return 100'000'000;
    default: return 0;
  }
}

// 二百六十四, not 二百六十四一百: units go down, and no digit stands beside another where there are units.
bool is_well_formed(std::string_view run) {
  bool units = false, twins = false, digit = false;
  uint64_t last = most;
  for (size_t i = 0; i < run.size();) {
    const utf8::Character c = utf8::at(run, i);
    i += c.size;
    if (const auto value = digit_of(c.code)) {
      twins = twins || (digit && *value != 0);
      digit = *value != 0;
      continue;
    }
    const uint64_t unit = unit_of(c.code);
    units = true;
    digit = false;
    if (unit < 10'000 && unit >= last) return false;
    last = unit < 10'000 ? unit : most;
  }
  return !(units && twins);
}

// Chinese numerals as digits; a run of signs that is no number stays.
std::string with_digits(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size()) {
      const utf8::Character c = utf8::at(text, end);
      if (c.code < 0x80 || !(digit_of(c.code) || unit_of(c.code))) break;
      end += c.size;
    }
    const std::string_view run = text.substr(i, end - i);
    const auto number = number_at(run, 0);
    if (number && number->size == run.size() && is_well_formed(run)) {
      out += std::to_string(number->value);
    } else {
      end = std::max(end, i + utf8::at(text, i).size);
      out += text.substr(i, end - i);
    }
    i = end;
  }
  return out;
}

bool has(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// What stands from each 第 to the next `end` of the same clause, without both; the rest goes to `ret_rest`.
std::vector<std::string> between(std::string_view text, std::string_view end) {
  std::vector<std::string> out;
  for (size_t at = text.find("第"); at != text.npos; at = text.find("第", at + 1)) {
    const size_t begin = at + std::string_view("第").size(), next = text.find("第", begin), close = text.find(end, begin);
    if (close != text.npos && (next == text.npos || close < next)) out.emplace_back(text.substr(begin, close - begin));
  }
  return out;
}

}  // namespace

double f1_of_sets(const std::vector<std::string>& given, const std::vector<std::string>& wanted) {
  const std::set<std::string> a(given.begin(), given.end()), b(wanted.begin(), wanted.end());
  const auto common = std::count_if(a.begin(), a.end(), [&](const std::string& one) { return b.contains(one); });
  return f1(static_cast<double>(common), static_cast<double>(a.size()), static_cast<double>(b.size()));
}

std::vector<std::string> labels_in(std::string_view text, const std::vector<std::string>& labels, bool opencompass) {
  std::vector<std::string> out;
  if (opencompass) {
    for (const std::string& label : labels)
      if (text.find(label) != text.npos) out.push_back(label);
    return out;
  }
  std::vector<std::string> longest = labels;
  std::stable_sort(longest.begin(), longest.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::string rest(text);
  for (const std::string& label : longest) {
    if (label.empty()) continue;
    bool found = false;
    for (size_t at = rest.find(label); at != rest.npos; at = rest.find(label, at + label.size())) {
      rest.replace(at, label.size(), label.size(), '\n');
      found = true;
    }
    if (found) out.push_back(label);
  }
  return out;
}

double f1_of_letters(std::string_view given, std::string_view wanted) {
  const auto letters = [](std::string_view text) {
    std::u32string out = text::code_points(text::lower(text));
    std::erase_if(out, [](char32_t c) { return c == '_' || !text::is_word(c); });
    std::sort(out.begin(), out.end());
    return out;
  };
  const std::u32string a = letters(given), b = letters(wanted);
  if (a.empty() || b.empty()) return a == b ? 1 : 0;
  std::u32string common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return f1(static_cast<double>(common.size()), static_cast<double>(a.size()), static_cast<double>(b.size()));
}

double fields_score(std::string_view text, std::string_view reference, const std::vector<std::string>& names) {
  std::map<std::string, std::string> given, wanted;
  if (!text::strip(reference).empty())
    for (const std::string_view part : text::split(reference, ";")) {
      const auto halves = text::split(part, ":");
      if (halves.size() > 1) wanted[std::string(halves[0])] = std::string(halves[1]);
    }
  for (const std::string& name : names)
    for (size_t at = text.find(name); at != text.npos && !name.empty(); at = text.find(name, at + name.size())) {
      std::string_view rest = text.substr(at + name.size());
      const utf8::Character colon = utf8::at(rest, 0);
      if (text::code_points(rest).size() <= 2 || (colon.code != ':' && colon.code != 0xFF1A)) continue;
      rest = text::strip(rest.substr(colon.size));
      const std::string_view value = text::strip(rest.substr(0, rest.find_first_of("\n ")));
      if (value != "无" && value != "未提及") given[name] = std::string(value);
    }
  if (wanted.empty()) return given.empty() ? 1 : 0;
  double sum = 0;
  for (const auto& [name, value] : given)
    if (const auto it = wanted.find(name); it != wanted.end()) sum += f1_of_letters(value, it->second);
  const double precision = given.empty() ? 0 : sum / static_cast<double>(given.size()),
               recall = sum / static_cast<double>(wanted.size());
  return 2 * precision * recall / (precision + recall + 1e-10);
}

double items_score(std::string_view text, std::string_view reference) {
  const auto given = text::split(text, ";"), wanted = text::split(reference, ";");
  double sum = 0;
  for (size_t i = 0; i < std::min(given.size(), wanted.size()); ++i) sum += f1_of_letters(given[i], wanted[i]);
  const double precision = sum / static_cast<double>(given.size()), recall = sum / static_cast<double>(wanted.size());
  return 2 * precision * recall / (precision + recall + 1e-10);
}

std::optional<Number> number_at(std::string_view text, size_t at) {
  uint64_t whole = 0, part = 0, digits = 0;  // 一万二千: 10,000 and 2,000
  bool any = false, running = false;         // digits that wait for their unit
  size_t i = at;
  while (i < text.size()) {
    const utf8::Character c = utf8::at(text, i);
    if (const auto digit = digit_of(c.code)) {
      digits = running ? digits * 10 + static_cast<uint64_t>(*digit) : static_cast<uint64_t>(*digit);
      running = any = true;
    } else if (const uint64_t unit = unit_of(c.code); unit != 0 && (any || unit == 10)) {
      if (unit >= 10'000) {
        whole = (whole + part + digits) * unit;
        part = 0;
      } else {
        part += (running ? digits : 1) * unit;
      }
      digits = 0;
      running = false;
      any = true;
    } else {
      break;
    }
    if (whole + part + digits > most) return std::nullopt;
    i += c.size;
  }
  if (!any) return std::nullopt;
  return Number{whole + part + digits, i - at};
}

std::vector<std::string> articles_in(std::string_view given, bool opencompass) {
  std::vector<std::string> out;
  const auto first_number = [](std::string_view text) -> std::optional<Number> {
    for (size_t i = 0; i < text.size(); i += utf8::at(text, i).size)
      if (auto number = number_at(text, i)) return number;
    return std::nullopt;
  };
  const auto add = [&](std::string_view text) {
    if (const auto number = first_number(text))
      if (std::string shown = std::to_string(number->value); !has(out, shown)) out.push_back(std::move(shown));
  };
  if (opencompass) {
    for (const std::string_view part : text::split(given, "、")) {
      std::string rest = text::replaced(part, "万元", "元");
      for (size_t at = rest.find("第"); at != rest.npos; at = rest.find("第", at)) {
        const size_t end = rest.find("款", at);
        if (end == rest.npos || rest.substr(at, end - at).find('\n') != rest.npos) {
          at += std::string_view("第").size();
          continue;
        }
        rest.erase(at, end + std::string_view("款").size() - at);
      }
      for (size_t at = rest.find("第"); at != rest.npos; at = rest.find("第", at)) {  // 第264条 becomes 264
        const size_t end = rest.find("条", at);
        if (end == rest.npos || rest.substr(at, end - at).find('\n') != rest.npos) {
          at += std::string_view("第").size();
          continue;
        }
        rest.erase(end, std::string_view("条").size());
        rest.erase(at, std::string_view("第").size());
        at = end - std::string_view("第").size();
      }
      const std::string plain = with_digits(rest);
      const size_t digits = plain.find_first_of("0123456789");
      if (digits != plain.npos) add(std::string_view(plain).substr(digits, plain.find_first_not_of("0123456789", digits) - digits));
    }
    return out;
  }
  const std::vector<std::string> named = between(given, "条");
  for (const std::string& one : named)
    for (const std::string_view part : text::split(one, "、")) add(part);
  if (named.empty())
    for (const std::string_view part : text::split(given, "、")) add(part);
  return out;
}

std::optional<uint64_t> months_in(std::string_view text, bool opencompass) {
  std::optional<uint64_t> months, bare_months, years, term;
  for (size_t i = 0; i < text.size();) {
    const auto number = number_at(text, i);
    if (!number) {
      i += utf8::at(text, i).size;
      continue;
    }
    i += number->size;
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("个月")) {
      if (!months) months = number->value;
      if (!term) term = number->value;
    } else if (rest.starts_with("月")) {
      if (!bare_months) bare_months = number->value;
      if (!term) term = number->value;
    } else if (rest.starts_with("年")) {
      if (!years) years = number->value;
      if (term) continue;
      std::string_view behind = rest.substr(std::string_view("年").size());
      for (const std::string_view word : {"零", "又", "，", ","})
        if (behind.starts_with(word)) behind.remove_prefix(word.size());
      const auto more = number_at(behind, 0);
      const std::string_view unit = more ? behind.substr(more->size) : std::string_view();
      term = number->value * 12 + (unit.starts_with("个月") || unit.starts_with("月") ? more->value : 0);
    }
  }
  if (!opencompass) return term;
  if (months) return months;
  if (bare_months) return bare_months;
  return years ? std::optional<uint64_t>(*years * 12) : std::nullopt;
}

double term_score(std::optional<uint64_t> months, uint64_t wanted) {
  const double widest = std::log(216.0);
  if (!months) return 0;
  return (widest - std::abs(std::log(static_cast<double>(wanted) + 1) - std::log(static_cast<double>(*months) + 1))) / widest;
}

}  // namespace sextant::metric::lawbench
