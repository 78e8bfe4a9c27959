// The language that langdetect 1.0.9 (PyPI; Nakatani's language-detection) names with seed 0: n-grams of characters against the
// profiles of its package, drawn by Python's random numbers. Threads: const members are [any].
#pragma once
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::metric::ifeval {

class LangDetect {
 public:
  /// `folder`: langdetect's package, which has profiles/ and utils/messages.properties. An Error names the file and what to do.
  static Result<std::shared_ptr<const LangDetect>> open(const std::filesystem::path& folder);

  /// A code of its own ("en", "zh-cn"); "unknown" where none is likely; empty where the text holds nothing to go by.
  std::string language_of(std::string_view text) const;

 private:
  struct Chance {
    uint16_t language;
    double value;
  };
  Result<void> read_profile(const std::filesystem::path& file);
  Result<void> read_messages(const std::filesystem::path& file);
  char32_t normal(char32_t c) const;
  std::u32string cleaned(std::string_view text) const;

  std::vector<std::string> languages_;
  std::unordered_map<std::u32string, std::vector<Chance>> chances_;  // of n-grams
  std::unordered_map<char32_t, char32_t> kanji_;                     // to what stands for its class
  std::u32string latin1_left_out_, plain_, marks_;
  std::array<std::u32string, 5> marked_;  // Vietnamese letters by their mark
};

}  // namespace sextant::metric::ifeval
