// What a judge's reply says: which of two answers is better (preference), how good one is (rating), whether it is right
// (correct). A verdict by log-probability is a label alone, read like any other. Pure; const members: [any].
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/regex.hpp>

namespace sextant::data {

struct ReadVerdict {
  std::optional<double> value;       // the first answer's share of the win; the points; 1 for right, 0 for wrong. Nothing: unread
  std::string label;                 // as it was read
  std::string why;                   // it could not be read
  std::vector<std::pair<std::string, double>> parts;   // rating: of each dimension; correct: "attempted"
};

class VerdictReader {
 public:
  enum class Kind { preference, rating, correct };
  /// `metric`: "preference", "rating" or "correct". `config`: checked against schema_of(), defaults filled in.
  static Result<VerdictReader> make(std::string_view metric, const json::Value& config, const std::string& origin);
  /// Null where there is none of that name.
  static const char* schema_of(std::string_view metric);

  ReadVerdict read(std::string_view reply) const;
  /// "graded": the value of labels with their probabilities; of what is no verdict nothing is known, nothing at all where none is one.
  bool graded() const { return graded_; }
  std::optional<double> expected(std::span<const std::pair<std::string, double>> labels) const;

 private:
  std::optional<double> value_of(std::string_view label) const;
  std::optional<double> points_of(std::string_view text) const;
  /// Whether the text is a verdict, which is then in `out`.
  bool take(std::string_view text, ReadVerdict& out) const;
  void read_object(const json::Value& object, ReadVerdict& out) const;
  ReadVerdict read_preference(std::string_view reply) const;
  ReadVerdict read_rating(std::string_view reply) const;
  ReadVerdict read_correct(std::string_view reply) const;

  Kind kind_ = Kind::preference;
  std::vector<std::pair<std::string, double>> labels_;   // of the card, to the letter
  std::vector<std::string> keys_;                        // members of an object that hold the verdict
  std::optional<Regex> pattern_;
  bool first_ = false;                                   // of several matches the first counts, not the last
  bool dimensions_ = false, graded_ = false;
  double low_ = 1, high_ = 10;
};

}  // namespace sextant::data
