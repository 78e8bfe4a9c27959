#include "opencompass_tables.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <fmt/format.h>
#include <sextant/regex.hpp>
#include "built_in_pattern.hpp"

namespace sextant::score {
namespace {

std::optional<RegexMatch> first(const Regex& regex, std::string_view text) {
  const auto found = regex.search(text);
  return found ? *found : std::nullopt;
}
std::vector<RegexMatch> all(const Regex& regex, std::string_view text) {
  auto found = regex.find_all(text);
  return found ? *std::move(found) : std::vector<RegexMatch>();
}
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Python's round(float, 2) is exact in the decimal digits, numpy's rounds the product.
double python_round(double value) {
  return number(fmt::format("{:.2f}", std::abs(value))).value_or(value) * (value < 0 ? -1 : 1);
}
double numpy_round(double value) { return std::nearbyint(value * 100) / 100; }

// Sums by name, in the order in which the names first come.
class Sums {
 public:
  void add(const std::string& name, double value) {
    const auto [place, fresh] = places_.try_emplace(name, sums_.size());
    if (fresh) sums_.push_back({name, {0, 0}});
    sums_[place->second].second.first += value;
    ++sums_[place->second].second.second;
  }
  const std::vector<std::pair<std::string, std::pair<double, double>>>& all() const { return sums_; }

 private:
  std::map<std::string, size_t> places_;
  std::vector<std::pair<std::string, std::pair<double, double>>> sums_;
};

OpenCompassTable mtbench(std::span<const Judgement> judgements) {
  const Regex rating = built_in_pattern(R"(Rating:\s*\[\[([\d.]+)\]\])");
  Sums sums;
  for (const Judgement& one : judgements) {
    const auto match = first(rating, one.reply);
    const auto points = match ? number(match->groups[1]) : std::nullopt;
    if (!points) continue;
    sums.add("total", *points);
    sums.add(one.capability, *points);
  }
  OpenCompassTable out;
  for (const auto& [name, sum] : sums.all()) out.emplace_back(name, python_round(sum.first / sum.second));
  return out;
}

using Ratings = std::map<std::string, std::optional<double>>;

// What a reply without a dictionary says of each dimension: the last number of the last line that names it.
Ratings from_prose(std::string_view text) {
  static constexpr std::string_view clear = "清晰度", complete = "完备性", logic = "逻辑连贯性", creative = "创造性",
                                    rich = "丰富度", fair = "公平与可负责程度", fact = "事实正确性", need = "满足用户需求";
  const auto has = [&](std::string_view word) { return text.find(word) != text.npos; };
  std::vector<std::string_view> keys;
  if (has(clear) && has(complete)) keys = {fact, need, clear, complete};
  else if (has(complete) && has(logic)) keys = {fact, need, logic, complete};
  else if (has(creative) && has(rich)) keys = {fact, need, logic, creative, rich};
  else if (has(creative) && has(fair)) keys = {fact, need, fair, creative};
  else return {};
  static const Regex digits = built_in_pattern(R"(\d{1,2})");
  Ratings out;
  for (const std::string_view key : keys) {
    out[std::string(key)] = std::nullopt;
    const Regex line = built_in_pattern((std::string(key) + ".*?\\n").c_str());
    std::vector<RegexMatch> lines = all(line, text);
    for (auto match = lines.rbegin(); match != lines.rend(); ++match)
      if (const auto found = all(digits, match->groups[0]); !found.empty()) {
        out[std::string(key)] = number(found.back().groups[0]);
        break;
      }
  }
  const auto numbers = all(digits, text);
  if (numbers.empty()) return {};
  out["综合得分"] = number(numbers.back().groups[0]);
  return out;
}

std::optional<double> alignbench_score(const std::string& reply) {
  static const Regex object = built_in_pattern(R"({(.*?)}(?![^{]*{))"), member = built_in_pattern(R"('(.*?)': (\d+))");
  static constexpr std::array<std::string_view, 12> known{"事实正确性", "满足用户需求",     "安全无害", "清晰度",
                                                          "逻辑性",     "完备性",           "创造性",   "可负责程度",
                                                          "逻辑连贯性", "公平与可负责程度", "丰富度",   "综合得分"};
  Ratings ratings;
  if (const auto found = first(object, reply)) {
    for (const RegexMatch& one : all(member, found->groups[1])) ratings[std::string(one.groups[1])] = number(one.groups[2]);
  } else {
    ratings = from_prose(reply);
  }
  for (const auto& [name, value] : ratings)
    if (!value || *value < 0 || *value > 10 || std::find(known.begin(), known.end(), name) == known.end()) return std::nullopt;
  const auto score = ratings.find("综合得分");
  return score == ratings.end() ? std::nullopt : score->second;
}

OpenCompassTable alignbench(std::span<const Judgement> judgements) {
  Sums sums;
  for (const Judgement& one : judgements)
    if (const auto score = alignbench_score(one.reply)) sums.add(one.capability, *score);
  OpenCompassTable out;
  for (const auto& [name, sum] : sums.all()) out.emplace_back(name, python_round(sum.first / sum.second));
  if (out.empty()) return out;
  static const std::vector<std::pair<std::string, std::vector<std::string>>> groups{
      {"中文推理总分", {"数学计算", "逻辑推理"}},
      {"中文语言总分", {"基本任务", "中文理解", "综合问答", "文本写作", "角色扮演", "专业能力"}}};
  double total = 0;
  for (const auto& [name, members] : groups) {
    double sum = 0;
    for (const std::string& member : members) {
      const auto found = std::find_if(out.begin(), out.end(), [&](const auto& row) { return row.first == member; });
      if (found == out.end()) out.emplace_back(member, 0);     // a capability without answers counts as 0 there
      else sum += found->second;
    }
    out.emplace_back(name, numpy_round(sum / static_cast<double>(members.size())));
    total += out.back().second;
  }
  out.emplace_back("总分", numpy_round(total / 2));
  return out;
}

OpenCompassTable alpaca_eval(std::span<const Judgement> judgements) {
  Sums sums;
  for (const Judgement& one : judgements) {
    if (!one.reply.starts_with('m') && !one.reply.starts_with('M')) continue;
    const bool first_wins = one.reply.front() == 'm';
    const double won = first_wins != one.swapped;              // by the model that is not the base
    sums.add("total", won);
    sums.add(one.capability, won);
  }
  OpenCompassTable out;
  for (const auto& [name, sum] : sums.all()) out.emplace_back(name, python_round(sum.first / sum.second * 100));
  return out;
}

// Bradley and Terry's model of two models predicts the share that it was fitted to; a strong verdict counts three times.
OpenCompassTable arena_hard(std::span<const Judgement> judgements) {
  const Regex verdict = built_in_pattern(R"(\[\[([AB<>=]+)\]\])");
  static constexpr std::array<std::pair<std::string_view, std::pair<double, double>>, 5> known{
      {{"A=B", {0.5, 1}}, {"A>B", {1, 1}}, {"A>>B", {1, 3}}, {"B>A", {0, 1}}, {"B>>A", {0, 3}}}};
  double won = 0, weights = 0;
  for (const Judgement& one : judgements) {
    const auto match = first(verdict, one.reply);
    if (!match) continue;
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& row) { return row.first == match->groups[1]; });
    if (found == known.end()) continue;
    const auto [share, weight] = found->second;
    won += weight * (one.swapped ? 1 - share : share);
    weights += weight;
  }
  if (weights == 0) return {};
  return {{"score", python_round(won / weights * 100)}};
}

}  // namespace

OpenCompassTable opencompass_table(std::string_view table, std::span<const Judgement> judgements) {
  if (table == "mtbench") return mtbench(judgements);
  if (table == "alignbench") return alignbench(judgements);
  if (table == "alpaca_eval") return alpaca_eval(judgements);
  return arena_hard(judgements);
}

}  // namespace sextant::score
