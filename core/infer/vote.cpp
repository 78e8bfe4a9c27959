#include "vote.hpp"
#include <algorithm>
#include <cctype>
#include <sextant/thinking.hpp>
#include "words.hpp"

namespace sextant::infer {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number as text: digits with commas between groups of three, and a fraction. A sign counts where no word or number ends
// before it: "5-3" ends with 3, "x = -3" with -3.
std::string last_number(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  if (end == 0) return {};
  size_t begin = end;
  const auto digits_before = [&] {
    while (begin > 0 && is_digit(text[begin - 1])) --begin;
  };
  digits_before();
  std::string fraction;
  if (begin > 1 && text[begin - 1] == '.' && is_digit(text[begin - 2])) {
    fraction = text.substr(begin, end - begin);
    end = --begin;
    digits_before();
  }
  // groups of three behind commas; "2024,500" is not such a number, and 500 its end
  for (size_t group = end - begin; group == 3 && begin > 1 && text[begin - 1] == ',' && is_digit(text[begin - 2]);) {
    const size_t behind = begin--;
    digits_before();
    group = behind - 1 - begin;
    if (group > 3) begin = behind;
  }
  std::string whole;
  for (const char c : text.substr(begin, end - begin))
    if (c != ',') whole += c;
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  fraction.resize(fraction.find_last_not_of('0') + 1);
  const bool sign = begin > 0 && text[begin - 1] == '-' &&
                    (begin == 1 || (!is_digit(text[begin - 2]) && !std::isalpha(static_cast<unsigned char>(text[begin - 2])) &&
                                    text[begin - 2] != ')'));
  std::string out = fraction.empty() ? whole : whole + "." + fraction;
  return sign && out != "0" ? "-" + out : out;
}

std::string last_line(std::string_view text) {
  text = trimmed(text);
  return std::string(trimmed(text.substr(text.rfind('\n') + 1)));
}

}  // namespace

Result<AnswerRule> AnswerRule::make(const std::string& rule) {
  AnswerRule out;
  if (rule == "last_number") return out;
  out.kind_ = Kind::last_line;
  if (rule == "last_line") return out;
  out.kind_ = Kind::pattern;
  RegexOptions options;
  options.syntax = RegexOptions::Syntax::python;
  SXT_TRY(out.pattern_, Regex::compile(rule, options, "inferencer:self_consistency answer"));
  return out;
}

std::string AnswerRule::answer(std::string_view whole_reply) const {
  const std::string reply = split_thinking(whole_reply).answer;
  if (kind_ == Kind::last_number) return last_number(reply);
  if (kind_ == Kind::last_line) return last_line(reply);
  const auto match = pattern_->search_last(reply);
  if (!match || !*match) return {};  // a reply that is too much for the pattern has no answer
  for (size_t group = 1; group < (*match)->groups.size(); ++group)
    if (!(*match)->groups[group].empty()) return std::string(trimmed((*match)->groups[group]));
  return std::string(trimmed((*match)->groups.front()));
}

std::vector<Votes> count_votes(std::span<const std::string> answers) {
  std::vector<Votes> out;
  for (size_t i = 0; i < answers.size(); ++i) {
    auto seen = out.begin();
    while (seen != out.end() && seen->answer != answers[i]) ++seen;
    if (seen == out.end()) out.push_back({answers[i], 1, i});
    else ++seen->count;
  }
  return out;
}

}  // namespace sextant::infer
