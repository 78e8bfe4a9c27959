// Sentences by Kiss and Strunk's algorithm (2006) as NLTK's Punkt tokenizer applies it: a period ends a sentence unless an
// abbreviation, an initial or a number stands before it and the next word does not begin one. What is an abbreviation and which
// words begin sentences says NLTK's model of English, where its folder is named, else a list of our own without the words'
// statistics. Linear in the text. Threads: const members are [any].
#pragma once
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::metric::ifeval {

class Punkt {
 public:
  /// `folder`: tokenizers/punkt_tab/english of NLTK's data. An Error names the file and what to do.
  static Result<std::shared_ptr<const Punkt>> open(const std::filesystem::path& folder);
  /// The rules of our own.
  static std::shared_ptr<const Punkt> own();

  /// As nltk.sent_tokenize; they point into the text.
  std::vector<std::string_view> sentences(std::string_view text) const;

 private:
  struct Token;
  bool is_abbreviation(const std::string& word) const;
  void annotate(std::vector<Token>& tokens) const;
  bool has_break(const std::string& context) const;
  enum class Begins { no, yes, unknown };
  Begins begins_sentence(const Token& token) const;
  uint32_t contexts_of(const std::string& type) const;

  std::unordered_set<std::string> abbreviations_, starters_;
  std::set<std::pair<std::string, std::string>> collocations_;
  std::unordered_map<std::string, uint32_t> contexts_;  // where a word was seen in which case, by bits
  bool dotted_letters_ = false;                         // u.s and e.g are abbreviations, whatever their letters
};

}  // namespace sextant::metric::ifeval
