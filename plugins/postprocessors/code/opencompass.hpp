// How OpenCompass takes programs out of replies: humaneval_postprocess_v2 and v3, and the evaluator of MBPP. Pure; threads: [owner].
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/regex.hpp>

namespace sextant::postprocess {

// The patterns of its MBPP evaluator, in its order: the first that is found anywhere gives the program.
inline constexpr const char* opencompass_mbpp_patterns[] = {
    R"(\[BEGIN\]\s*'(.*)'\s*\[DONE\])", R"(BEGIN\s*'(.*)'\s*\[DONE\])", R"(\[BEGIN\]\s*'(.*)'\s*DONE)", R"(BEGIN\s*'(.*)'\s*DONE)",
    R"(\[BEGIN\]\s*'(.*)\s*\[DONE\])",  R"(BEGIN\s*'(.*)\s*\[DONE\])",  R"(\[BEGIN\]\s*'(.*)\s*DONE)",  R"(BEGIN\s*'(.*)\s*DONE)",
    R"(\[BEGIN\]\s*(.*)\s*\[DONE\])",   R"(BEGIN\s*(.*)\s*\[DONE\])",   R"(\[BEGIN\]\s*(.*)\s*DONE)",   R"(BEGIN\s*(.*)\s*DONE)",
    R"(```python\s*(.*)\s*```)",        R"(```\s*(.*)\s*```)",          R"(```python\s*(.*)\s*$)",      R"(```\s*(.*)\s*$)",
    R"((.*)\s*```.*)",                  R"(\[BEGIN\]\s*'(.*))",         R"(\[BEGIN\](.*))",             R"('(.*)'\s*\[DONE\])"};

class OpencompassCode {
 public:
  static Result<OpencompassCode> make() {
    OpencompassCode out;
    RegexOptions options{.syntax = RegexOptions::Syntax::python, .dotall = true};
    SXT_TRY(out.block_, Regex::compile(R"(```\w*\n(.*?)```)", options));
    SXT_TRY(out.blanks_in_front_, Regex::compile(R"(^[\s\x1c-\x1f]+)", options));
    SXT_TRY(out.blanks_behind_, Regex::compile(R"([\s\x1c-\x1f]+\Z)", options));
    SXT_TRY(out.done_, Regex::compile(R"('?\s*\[?DONE\]?)", options));
    for (const char* pattern : opencompass_mbpp_patterns) {
      SXT_TRY(Regex compiled, Regex::compile(pattern, options));
      out.mbpp_.push_back(std::move(compiled));
    }
    return out;
  }

  /// The first block, or the last one, or the reply; blanks in front of it are lost, with them the indentation of a body's first line.
  Result<std::string> humaneval(std::string_view text, bool last) const {
    SXT_TRY(const auto blocks, block_.find_all(text));
    if (!blocks.empty()) text = (last ? blocks.back() : blocks.front()).groups[1];
    return blanks_in_front_.replace(text, "");
  }

  Result<std::string> mbpp(std::string_view text) const {
    for (const Regex& pattern : mbpp_) {
      const auto match = pattern.search(text);
      if (!match && match.error().kind != Error::Kind::data) return match.error();
      if (!match || !*match) continue;  // one that takes too long is passed over there, too
      text = (*match)->groups[1];
      break;
    }
    text = text.substr(0, text.find("```"));
    SXT_TRY(const auto done, done_.search(text));
    if (done) text = text.substr(0, done->begin);
    std::string out(text);
    for (size_t at = 0; (at = out.find("\\_", at)) != out.npos; ++at) out.erase(at, 1);
    SXT_TRY(out, blanks_in_front_.replace(out, ""));
    return blanks_behind_.replace(out, "");
  }

 private:
  Regex block_, blanks_in_front_, blanks_behind_, done_;
  std::vector<Regex> mbpp_;
};

}  // namespace sextant::postprocess
