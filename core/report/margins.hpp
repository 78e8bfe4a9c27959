// Which choices among labels, and which greedy replies, are certain, and which could turn out otherwise if every token's ln p
// were off by some error: what another processor, batch or library may change a score by (docs/statistics.md).
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../data/attempt.hpp"
#include "../store/predictions.hpp"

namespace sextant::report {

/// One attempt's choice.
struct Choice {
  // unknown: neither labels nor a reply's margin, or not the best of the labels was chosen
  enum class Kind { certain, open, unknown } kind = Kind::unknown;
  bool right = false;                                               // as it is
  bool may_be_right = false, may_be_wrong = false;                  // within the error
  double needed = 0;                                                // the smallest error that would change it; infinite: none
};
/// `error`: how far ln p of a token may be off, in nats. A label's number is taken to be in proportion to its sum of ln p, so
/// that it may be off by `error` times its tokens, in the same proportion.
Choice choice_of(const data::Attempt& attempt, double error);
/// Of a greedy reply: whether each of its tokens was chosen by more than the error can make up for. `right`: as it was scored.
Choice reply_of(const data::Attempt& attempt, double error, bool right);

struct Margins {
  std::string model, dataset;
  bool replies = false;  // the choices are whole replies
  bool scored = true;    // it is known which are right
  uint64_t n = 0;        // attempts whose choice can be looked at
  uint64_t unknown = 0;  // other attempts with labels, or with a reply
  uint64_t open = 0;     // choices that the error can change
  uint64_t right = 0, least_right = 0, most_right = 0;
  double needed = 0;           // the smallest error that would change any; infinite: none
  std::vector<uint64_t> rows;  // of open choices whose being right or wrong can change, in the order of the file
};
/// All attempts of a predictions file; n is 0 where none has labels or a margin. `scores`: [attempt] what the samples file says
/// of replies, NaN where nothing; it may be empty.
Result<Margins> margins_of_file(const store::Predictions& predictions, double error, const std::vector<double>& scores);

/// A table; whose n is 0 are named below it.
std::string to_text(const std::vector<Margins>& all, double error);
/// {"numeric_error", "margins": [{"model", "dataset", "kind", "n", "open", "right", "least_right", "most_right", "needed",
/// "rows", ...}]}
std::string to_json(const std::vector<Margins>& all, double error);

}  // namespace sextant::report
