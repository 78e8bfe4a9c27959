// What of a reply is its answer, and how many replies give which. Pure. Threads: [any].
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/regex.hpp>

namespace sextant::infer {

class AnswerRule {
 public:
  /// "last_number", "last_line", or a regular expression in the syntax of Python's re.
  static Result<AnswerRule> make(const std::string& rule);

  /// The reply's answer, or "" where it has none.
  ///   last_number  the last number as votes compare it: no commas, no zeros behind the point's last other digit ("1,000.50" is
  ///   1000.5) last_line    the last line that is not blank, without white space at its ends a pattern    the last match: its
  ///   first group that is not empty, or all of it, without white space at its ends
  std::string answer(std::string_view reply) const;

 private:
  enum class Kind { last_number, last_line, pattern } kind_ = Kind::last_number;
  std::optional<Regex> pattern_;
};

struct Votes {
  std::string answer;
  size_t count = 0, first = 0;  // first: the first reply that gives it
};
/// In the order in which they are first seen.
std::vector<Votes> count_votes(std::span<const std::string> answers);

}  // namespace sextant::infer
