// Which columns of a user's file are the question, the options and the answer. Pure.
#pragma once
#include "understand.hpp"

namespace sextant::tables {

struct Roles {
  std::string kind;              // mcq, qa
  std::string question, answer;  // as in Understanding
  std::string unanswered;        // the answer's column, where it is empty in every row
  OptionSource source;
};

/// An Error says what could not be found or is ambiguous, and what the user can say of it.
Result<Roles> find_roles(const Columns& columns, const std::vector<Row>& rows, const Told& told, const std::string& origin);

/// "answer", "answerKey", "Correct Answer": a name that columns of answers have.
bool is_answer_name(std::string_view name);

/// Whether the column was NaN or infinite in the row.
bool is_not_finite(const Row& row, std::string_view column);

}  // namespace sextant::tables
