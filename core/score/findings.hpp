// What is suspicious about a scored set: replies that could not be read or were cut, examples that were left out, a score of 0
// and why.
#pragma once
#include <optional>
#include <unordered_set>
#include "../config/run_config.hpp"
#include "../data/finding.hpp"
#include "score.hpp"

namespace sextant::score {

/// From this share of a set's replies on, replies without an answer are said.
inline constexpr double unparsed_share = 0.2;
/// From this share on, answers that are wrong by their case, blanks or a final dot alone.
inline constexpr double nearly_share = 0.05;

/// Counts while attempts are scored, in any order. Threads: one at a time.
class Findings {
 public:
  explicit Findings(const config::DatasetConfig& dataset);
  /// `readings`: one for each filter, at least one.
  void add(const data::Attempt& attempt, const std::vector<Reading>& readings);
  /// Zero: of each filter's first number.
  std::vector<data::Finding> all(const Scored& scored) const;
  /// Puts down how many replies there were, how many without an answer, how many cut.
  void count_in(Scored& scored) const;

 private:
  // What one filter took out of the replies.
  struct Answers {
    uint64_t unparsed = 0, loosely = 0, letters = 0, read = 0;
    uint64_t nearly = 0;                       // of loosely, those that the first metric calls wrong
    std::unordered_set<uint64_t> texts;        // hashes
    std::optional<std::string> first;          // in the order of their bytes, to be shown
  };
  void add_answer(const Reading& reading, const std::string& reference, Answers& answers) const;
  std::string cause_of_zero(const Answers& answers) const;

  void add_script(std::string_view reference_json);

  const config::DatasetConfig& dataset_;
  struct Tokens;
  static const Tokens* tokens_of(const config::PluginChoice& metric);
  const uint64_t shots_;
  uint64_t shown_ = 0, without_shots_ = 0, replies_ = 0, cut_ = 0, tokens_ = 0, unclosed_ = 0, no_label_ = 0;
  // why nothing may be right
  uint64_t lists_ = 0, numbers_ = 0;
  bool looks_at_script_ = false;
  uint64_t beyond_ascii_ = 0, without_blanks_ = 0;  // references whose letters are mostly so
  std::unordered_set<uint64_t> references_;   // hashes
  std::optional<std::string> reference_;      // the first
  std::vector<Answers> answers_;              // by filter
};

}  // namespace sextant::score
