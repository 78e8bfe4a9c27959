// first_capital: the answer letter that comes first. Pure; [any] thread.
#pragma once
#include <sextant/regex.hpp>
#include <sextant/thinking.hpp>
#include "../letters.hpp"

namespace sextant::postprocess {

/// The first of `options` that stands alone and is not English word ("A good answer", "I think"), or "". Full-width letters
/// count as their ASCII ones; what a model thought before it answered is passed over.
inline std::string first_capital(std::string_view text, std::string_view options) {
  const std::string plain = utf8::half_width(split_thinking(text).answer);
  const size_t at = find_lone(plain, options);
  return at == plain.npos ? std::string() : plain.substr(at, 1);
}

/// OpenCompass: the first Unicode upper-case character, whatever it is: "The answer is C" gives T, "Ａ" gives Ａ.
class FirstUppercase {
 public:
  static Result<FirstUppercase> make() {
    // Python's str.isupper is Unicode's property Uppercase: Lu, Roman numerals, circled and squared letters
    SXT_TRY(Regex pattern,
            Regex::compile(
                R"([\p{Lu}\x{2160}-\x{216F}\x{24B6}-\x{24CF}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}])"));
    return FirstUppercase(std::move(pattern));
  }
  Result<std::string> operator()(std::string_view text) const {
    SXT_TRY(const auto match, pattern_.search(text));
    return match ? std::string(match->groups[0]) : std::string();
  }

 private:
  explicit FirstUppercase(Regex pattern) : pattern_(std::move(pattern)) {}
  Regex pattern_;
};

}  // namespace sextant::postprocess
