// What the files of the regex share. Include after pcre2.h.
#pragma once
#include <mutex>
#include <string>
#include <variant>
#include <vector>
#include <sextant/regex.hpp>

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace sextant {

/// What PCRE2's callouts are given.
struct RegexWatch {
  RegexLimits limits;
  uint64_t* steps_taken = nullptr;
};

struct Regex::Code {
  Code() = default;
  Code(const Code&) = delete;
  ~Code();
  pcre2_real_code_8* code = nullptr;
  pcre2_real_match_context_8* context = nullptr;  // the limits
  RegexWatch watch;
  uint32_t groups = 0, match_bits = 0;
  bool python = false;
  bool direct = false;  // compiled to code that may be run without pcre2_match's checks
  // For texts that are found to be valid: PCRE2 looks at all that is left of a text whenever it is asked for the next match, so
  // that the matches of a long text took the square of its length. Made when it is wanted first; null where it cannot be made.
  mutable std::once_flag valid_once;
  mutable pcre2_real_code_8* for_valid_text = nullptr;
  std::string source;         // as it was compiled
  uint32_t compile_bits = 0;
  std::string pattern, origin, advice;  // for messages
};

/// The template of Regex::replace, read once.
class Replacement {
 public:
  static Result<Replacement> parse(std::string_view text, const Regex& regex, bool python);
  void append_to(std::string& out, const RegexMatch& match) const {
    for (const auto& part : parts_)
      if (const std::string* text = std::get_if<std::string>(&part)) out += *text;
      else out += match.groups[std::get<uint32_t>(part)];
  }

 private:
  std::vector<std::variant<std::string, uint32_t>> parts_;  // a text, or a group's number
};

}  // namespace sextant
