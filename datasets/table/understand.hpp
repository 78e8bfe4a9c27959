// What a user's file is: multiple choice or questions with texts for answers, which column is what, and which are not used.
// Looks at every row, and makes the rows alike: answers become labels. docs/custom_datasets.md says what is understood. Pure.
#pragma once
#include "options.hpp"

namespace sextant::tables {

/// What the user says of the file; what is empty is found out.
struct Told {
  std::string data_type = "auto";        // mcq, qa
  std::string question;                    // a column
  std::optional<std::string> answer;       // a column; empty: the file has no answers
  const json::Value* options = nullptr;  // a list of columns, or one list column's name
  std::optional<int64_t> first_index;    // what the number of the first option is
  std::string meant;                     // what answers are: labels, texts
  std::vector<std::string> shown;        // columns that the user's own prompt shows
};

struct Understanding {
  std::string kind;                 // mcq, qa
  std::string question;             // the path of the question's text; empty: the user's prompt shows it
  std::string answer;               // the answer's column; empty: there are no answers
  std::vector<std::string> labels;  // of all rows
  bool in_question = false;         // mcq: the options stand in the question's text
  bool regular = true;              // mcq: each option is a column that is called like its label, and every row has all of them
  std::vector<std::string> columns;  // that every row has
  std::vector<std::string> partial;  // option columns that some row lacks
  std::vector<std::string> unused;
  std::vector<std::string> notes, warnings;  // sentences
};

/// Where a set is not regular, each row gets the columns choice_labels and choice_texts.
Result<Understanding> understand(std::vector<Row>& rows, const Told& told, const std::string& origin, Allocator& a);

}  // namespace sextant::tables
