// first_option: the letter that an answer in words decides for. Pure; threads: [owner].
#pragma once
#include <sextant/regex.hpp>
#include "../letters.hpp"
#include "patterns.hpp"

namespace sextant::postprocess {

/// Tries patterns in order; "cushion" also allows the last resort, a letter anywhere.
class FirstOption {
 public:
  static Result<FirstOption> make(const std::string& options, bool cushion) {
    FirstOption out;
    const std::string lone = "(?<![A-Za-z0-9])([" + options + "])(?![A-Za-z0-9])";
    for (const char* pattern : statement_patterns) SXT_CHECK(out.add(pattern, lone));
    for (const char* pattern : lone_patterns) SXT_CHECK(out.add(pattern, lone));
    SXT_CHECK(out.add(lower_case_pattern, "(?<![A-Za-z0-9])((?i)[" + options + "])(?![A-Za-z0-9])"));
    // last resort; an English article is no answer
    if (cushion) SXT_CHECK(out.add("@(?!\\s[a-z])", lone));
    return out;
  }

  /// The option letter, or "".
  Result<std::string> operator()(std::string_view text) const {
    const std::string plain = utf8::half_width(text);
    for (const Regex& pattern : patterns_) {
      SXT_TRY(const auto match, pattern.search(plain));
      if (!match || match->groups.size() < 2 || match->groups[1].empty()) continue;
      const char letter = match->groups[1].front();
      return std::string(1, letter >= 'a' ? static_cast<char>(letter - 'a' + 'A') : letter);
    }
    return std::string();
  }

 private:
  FirstOption() = default;
  Result<void> add(std::string pattern, const std::string& option) {
    for (size_t at = pattern.find('@'); at != pattern.npos; at = pattern.find('@', at + option.size()))
      pattern.replace(at, 1, option);
    SXT_TRY(Regex compiled, Regex::compile(pattern));
    patterns_.push_back(std::move(compiled));
    return {};
  }

  std::vector<Regex> patterns_;
};

/// OpenCompass: the first form that matches; of its group, the first letter in the order of the options, not of the text.
class FirstOptionOpencompass {
 public:
  static Result<FirstOptionOpencompass> make(std::string options, bool cushion) {
    FirstOptionOpencompass out(std::move(options));
    for (const char* form : opencompass_forms) SXT_CHECK(out.add(form));
    if (cushion)
      for (const char* form : opencompass_cushion) SXT_CHECK(out.add(form));
    return out;
  }

  Result<std::string> operator()(std::string_view text) const {
    text = strip(text);
    for (const Regex& pattern : patterns_) {
      SXT_TRY(const auto match, pattern.search(text));
      if (!match) continue;
      std::string_view answer = match->groups[0];
      if (match->groups.size() > 1 && !match->groups[1].empty()) answer = match->groups[1];
      for (const char option : options_)
        if (answer.find(option) != answer.npos) return std::string(1, option);
    }
    return std::string();
  }

 private:
  explicit FirstOptionOpencompass(std::string options) : options_(std::move(options)) {}
  Result<void> add(std::string pattern) {
    const std::string option = "([" + options_ + "])";
    // inside a group that already is the answer the letters need no group of their own
    const bool grouped = pattern.find("(@") != pattern.npos;
    const size_t at = pattern.find('@');
    if (at != pattern.npos) pattern.replace(at, 1, grouped ? "[" + options_ + "]" : option);
    SXT_TRY(Regex compiled, Regex::compile(pattern, {.dotall = true}));
    patterns_.push_back(std::move(compiled));
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
  std::vector<Regex> patterns_;
};

}  // namespace sextant::postprocess
