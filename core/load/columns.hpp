// What a card says of its columns against the rows that there are: placeholders that name nothing, answers that stand in their
// own prompt. Looked at before anything is computed. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::load {

/// The paths that a template's texts have in braces.
struct Placeholders {
  std::vector<std::string> everywhere;   // in any text
  std::vector<std::string> in_item;      // in the item's own prompt: not in examples alone
  struct Unsound {
    std::string column, written;
    bool in_formula = false;             // "x^{2}", "\\boxed{A}"
  };
  std::vector<Unsound> unsound;          // names behind a brace that are no placeholder: "{question", "{ question }"
};
/// `config`: of a template component whose schema says "x-placeholders": true. Texts under "role", "fallback_role", "label",
/// "labels" of choices, "literal" and "type" are none; names listed in "literal" are meant as they stand. The variables of a
/// Jinja template count in `in_item` alone.
Placeholders placeholders_of(const json::Value& config);

/// One record, parsed, and the place that names it: "row 3 of the split 'test'".
struct CheckedRow {
  const json::Document* record;
  std::string place;
};
/// Every column in `wanted` is a member of every record. `who`: what names them: "the card's reader".
Result<void> check_columns(std::span<const std::string> wanted, const json::Value& record, std::string_view name,
                           std::string_view path, std::string_view who);
/// Every placeholder names a value of the record.
Result<void> check_placeholders(std::span<const std::string> paths, const json::Value& record, std::string_view name,
                                std::string_view place, std::span<const std::string> made_by_template);

/// A sentence where such a name is a column, so that it would be sent as it stands; else empty.
std::string unsound_finding(std::span<const Placeholders::Unsound> unsound, const json::Value& record, std::string_view name);

/// Columns of the item's own prompt that hold the target in every row, or one value of their own for each target: they give the
/// answer away. Fed row by row.
class AnswerLeak {
 public:
  AnswerLeak(const Placeholders& placeholders, std::string output_column);
  void look_at(const json::Value& record);
  /// A sentence where one was found in so many rows that chance is not the cause; else empty.
  std::string finding(std::string_view name) const;

 private:
  struct Suspect {
    std::string path;
    std::unordered_map<std::string, std::string> answer_of, value_of;  // of the rows so far
    bool equal = true, goes_with = true;
  };
  std::string output_column_;
  std::vector<Suspect> suspects_;
  std::unordered_set<std::string> answers_;
  uint64_t rows_ = 0;
};

}  // namespace sextant::load
