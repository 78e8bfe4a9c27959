// What IFBench's program asks of other packages' data about words: syllables (PyPI's syllapy 0.8), and the part of speech of a
// text's first word (NLTK's averaged perceptron tagger). Threads: const members are [any].
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::metric::ifeval {

class Syllables {
 public:
  /// `folder`: syllapy's package, which has data.csv. An Error names the file and what to do.
  static Result<std::shared_ptr<const Syllables>> open(const std::filesystem::path& folder);
  /// As syllapy.count: by its list of words, else by groups of vowels; 0 for words with digits.
  size_t count(std::string_view word) const;

 private:
  std::unordered_map<std::string, size_t> words_;
};

class Tagger {
 public:
  /// `folder`: taggers/averaged_perceptron_tagger_eng of NLTK's data. An Error names the file and what to do.
  static Result<std::shared_ptr<const Tagger>> open(const std::filesystem::path& folder);
  /// The tag of the first token, as nltk.pos_tag gives it; empty: there is no token.
  std::string first_tag(std::span<const std::string> tokens) const;

 private:
  struct Weight {
    size_t tag;
    double value;
  };
  std::vector<std::string> tags_;  // sorted: of equal scores the last one wins
  std::unordered_map<std::string, std::vector<Weight>> weights_;  // of features
  std::unordered_map<std::string, std::string> known_;            // words that have one tag nearly always
};

}  // namespace sextant::metric::ifeval
