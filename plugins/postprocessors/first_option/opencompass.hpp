// first_option as OpenCompass has it: the ordered forms, and what of a form's match is the answer. @ stands for the class of
// option letters. Pure; threads: [owner].
#pragma once
#include <optional>
#include <string>
#include <vector>
#include <sextant/regex.hpp>
#include <sextant/utf8_text.hpp>

namespace sextant::postprocess {

/// The form /答案(?:应该)?[是为]\s?(\S+)(?:。|$)/, which takes the square of the text's length as a pattern: see
/// StatedUntilAStop.
inline constexpr const char* stated_until_a_stop = "";

// OpenCompass' order of forms, written down by kind from its documented and observed behaviour: a stated answer in Chinese, a
// choice, what is said to be right or wrong, a conclusion at the end, a stated answer in English, a letter by itself. No form
// takes longer than the text is long: blanks are not repeated twice in a row, and where ".*?" found no end it is not tried
// again from a later beginning (COMMIT), which could not find one either.
inline constexpr const char* opencompass_forms[] = {
    R"(答案(?:选项)?(?:应该?)?[是为选]?\s*(?:[：:]\s*)?@)",
    R"(答案选项为?\s+\(?\**@)",
    R"(选择?\s*@)",
    R"(只有(?:选项)?\s?@\s?(?:是?错|不?正确))",
    R"(说法(?:不?对|不?正确|错误)(?:选项)?的?是\s?@)",
    R"(@\s?是正确(?:的|答案))",
    R"(选项\s?@\s?正确)",
    R"(所以答?\s?@[.。]?$)",
    R"(所有\s?@[.。]?$)",
    R"([\s，,：:](?:[故即]|因此)?@[。.，,]?$)",
    R"((?:[是为。]|因此|显然)\s?@[。.]?$)",
    stated_until_a_stop,
    R"((?i)answer\s*:\s*@)",
    R"([Tt]he (?:correct )?answer(?: option)?(?: to the question)? is(?: option)?:?\s+\(?\**@)",
    R"([Tt]he correct (?:answer|option|answer option) is(*COMMIT):?.*?boxed\{@\})",
    R"(^选项\s?@)",
    R"(^@\s?选?项)",
    R"(^@[\s。，,：:.$])",   // behind a blank their form matches, too, and then looks for the letter in the blank
    R"(1.\s?(.*?)$)",
};
// the "cushion": forms so loose that a caller may turn them off
inline constexpr const char* opencompass_cushion[] = {R"(@:)", R"(@)"};

/// What stands between "答案是" and the last full stop, or the end of the text, of the same run without blanks: the first such
/// place.
class StatedUntilAStop {
 public:
  static Result<StatedUntilAStop> make(uint64_t* steps) {
    StatedUntilAStop out;
    RegexOptions options;
    options.steps_taken = steps;
    SXT_TRY(out.beginning_, Regex::compile(R"(答案(?:应该)?[是为]\s?)", options));
    SXT_TRY(out.run_, Regex::compile(R"(\S++)", options));
    return out;
  }
  /// Empty: there is none.
  Result<std::string_view> operator()(std::string_view text) const {
    constexpr std::string_view stop = "。";
    size_t run_end = 0, last_stop = 0;  // of the run at hand, which several beginnings may share
    SXT_TRY(const auto beginnings, beginning_.find_all(text));
    for (const RegexMatch& beginning : beginnings) {
      const size_t from = beginning.end;
      if (from >= run_end) {
        SXT_TRY(const auto run, run_.search(text, from));
        if (!run || run->begin != from) continue;
        run_end = run->end;
        const size_t at = text.substr(from, run_end - from).rfind(stop);
        last_stop = at == text.npos ? 0 : from + at;
      }
      const bool at_the_end = run_end == text.size() || (run_end + 1 == text.size() && text[run_end] == '\n');
      if (at_the_end) return text.substr(from, run_end - from);
      if (last_stop > from) return text.substr(from, last_stop - from);
    }
    return std::string_view();
  }

 private:
  Regex beginning_, run_;
};

/// OpenCompass: the first form that matches; of its group, the first letter in the order of the options, not of the text.
class FirstOptionOpencompass {
 public:
  /// `steps`: see RegexOptions::steps_taken.
  static Result<FirstOptionOpencompass> make(std::string options, bool cushion, uint64_t* steps = nullptr) {
    FirstOptionOpencompass out(std::move(options));
    SXT_TRY(out.until_stop_, StatedUntilAStop::make(steps));
    for (const char* form : opencompass_forms) SXT_CHECK(out.add(form, steps));
    if (cushion)
      for (const char* form : opencompass_cushion) SXT_CHECK(out.add(form, steps));
    return out;
  }

  Result<std::string> operator()(std::string_view text) const {
    std::string
        repaired;  // "." takes no broken byte, so a form would be tried up to it from every place; a Python text has none
    if (!utf8::is_valid(text)) text = repaired = utf8::repair(text);
    text = strip(text);
    for (const std::optional<Regex>& pattern : patterns_) {
      std::string_view answer;
      if (pattern) {
        SXT_TRY(const auto match, pattern->search(text));
        if (!match) continue;
        answer = match->groups.size() > 1 && !match->groups[1].empty() ? match->groups[1] : match->groups[0];
      } else {
        SXT_TRY(answer, until_stop_(text));
      }
      for (const char option : options_)
        if (answer.find(option) != answer.npos) return std::string(1, option);
    }
    return std::string();
  }

 private:
  explicit FirstOptionOpencompass(std::string options) : options_(std::move(options)) {}
  Result<void> add(std::string pattern, uint64_t* steps) {
    if (pattern == stated_until_a_stop) {
      patterns_.emplace_back();
      return {};
    }
    const std::string option = "([" + options_ + "])";
    // inside a group that already is the answer the letters need no group of their own
    const bool grouped = pattern.find("(@") != pattern.npos;
    const size_t at = pattern.find('@');
    if (at != pattern.npos) pattern.replace(at, 1, grouped ? "[" + options_ + "]" : option);
    RegexOptions options{.dotall = true};
    options.steps_taken = steps;
    SXT_TRY(Regex compiled, Regex::compile(pattern, std::move(options)));
    patterns_.emplace_back(std::move(compiled));
    return {};
  }
  /// Python's str.strip: Unicode blanks at both ends.
  static std::string_view strip(std::string_view text) {
    const auto blank = [](char32_t c) {
      return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
             (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
    };
    size_t begin = text.size(), end = 0;
    for (size_t i = 0; i < text.size();) {
      const utf8::Character character = utf8::at(text, i);
      if (!blank(character.code)) {
        begin = std::min(begin, i);
        end = i + character.size;
      }
      i += character.size;
    }
    return begin < end ? text.substr(begin, end - begin) : std::string_view();
  }

  std::string options_;
  std::vector<std::optional<Regex>> patterns_;  // none: until_stop_
  StatedUntilAStop until_stop_;
};

}  // namespace sextant::postprocess
