// How OpenCompass takes programs out of replies: humaneval_postprocess_v2 and v3, and the evaluator of MBPP. Pure; threads:
// [owner].
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/regex.hpp>

namespace sextant::postprocess {

// The patterns of its MBPP evaluator, in its order: the first that is found anywhere gives the program. Blanks behind a greedy
// (.*) are left out, since it takes them all, and so is (.*)\s*```.*, which one of those before it always is there for.
inline constexpr const char* opencompass_mbpp_patterns[] = {R"(\[BEGIN\]\s*'(.*)'\s*\[DONE\])",
                                                            R"(BEGIN\s*'(.*)'\s*\[DONE\])",
                                                            R"(\[BEGIN\]\s*'(.*)'\s*DONE)",
                                                            R"(BEGIN\s*'(.*)'\s*DONE)",
                                                            R"(\[BEGIN\]\s*'(.*)\[DONE\])",
                                                            R"(BEGIN\s*'(.*)\[DONE\])",
                                                            R"(\[BEGIN\]\s*'(.*)DONE)",
                                                            R"(BEGIN\s*'(.*)DONE)",
                                                            R"(\[BEGIN\]\s*(.*)\[DONE\])",
                                                            R"(BEGIN\s*(.*)\[DONE\])",
                                                            R"(\[BEGIN\]\s*(.*)DONE)",
                                                            R"(BEGIN\s*(.*)DONE)",
                                                            R"(```python\s*(.*)```)",
                                                            R"(```\s*(.*)```)",
                                                            R"(```python\s*(.*)$)",
                                                            R"(```\s*(.*)$)",
                                                            R"(\[BEGIN\]\s*'(.*))",
                                                            R"(\[BEGIN\](.*))",
                                                            R"('(.*)'\s*\[DONE\])"};

/// Bytes of the blank, as Python's str.strip knows them, that ends the text; 0: there is none.
inline size_t blank_behind(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = static_cast<unsigned char>(text.back());
  if ((byte >= 9 && byte <= 13) || (byte >= 28 && byte <= 32)) return 1;
  for (const std::string_view blank :
       {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
        "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"})
    if (text.ends_with(blank)) return blank.size();
  return 0;
}
inline std::string_view without_blanks_behind(std::string_view text) {
  while (const size_t size = blank_behind(text)) text.remove_suffix(size);
  return text;
}
inline std::string_view without_blanks_in_front(std::string_view text) {
  for (size_t size = 1; size <= 3 && size <= text.size();) {
    if (blank_behind(text.substr(0, size)) == size) text.remove_prefix(size), size = 1;
    else ++size;
  }
  return text;
}

class OpencompassCode {
 public:
  /// `steps`: see RegexOptions::steps_taken.
  static Result<OpencompassCode> make(uint64_t* steps = nullptr) {
    OpencompassCode out;
    RegexOptions options{.syntax = RegexOptions::Syntax::python, .dotall = true};
    options.steps_taken = steps;
    SXT_TRY(out.block_, Regex::compile(R"(```\w*\n(.*?)```)", options));
    for (const char* pattern : opencompass_mbpp_patterns) {
      SXT_TRY(Regex compiled, Regex::compile(pattern, options));
      out.mbpp_.push_back(std::move(compiled));
    }
    return out;
  }

  /// The first block, or the last one, or the reply; blanks in front of it are lost, with them the indentation of a body's
  /// first line.
  Result<std::string> humaneval(std::string_view text, bool last) const {
    SXT_TRY(const auto blocks, block_.find_all(text));
    if (!blocks.empty()) text = (last ? blocks.back() : blocks.front()).groups[1];
    return std::string(without_blanks_in_front(text));
  }

  Result<std::string> mbpp(std::string_view text) const {
    text = without_blanks_behind(text);
    for (const Regex& pattern : mbpp_) {
      const auto match = pattern.search(text);
      if (!match && match.error().kind != Error::Kind::data) return match.error();
      if (!match || !*match) continue;  // one that takes too long is passed over there, too
      text = (*match)->groups[1];
      break;
    }
    text = text.substr(0, text.find("```"));
    if (size_t end = text.find("DONE"); end != text.npos) {  // '?\s*\[?DONE
      if (end > 0 && text[end - 1] == '[') --end;
      text = without_blanks_behind(text.substr(0, end));
      if (text.ends_with('\'')) text.remove_suffix(1);
    }
    std::string out(text);
    for (size_t at = 0; (at = out.find("\\_", at)) != out.npos; ++at) out.erase(at, 1);
    return std::string(without_blanks_in_front(without_blanks_behind(out)));
  }

 private:
  Regex block_;
  std::vector<Regex> mbpp_;
};

}  // namespace sextant::postprocess
