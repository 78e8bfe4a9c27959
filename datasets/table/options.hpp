// Where the options of a multiple-choice file stand, and what they are in each row. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include "rows.hpp"

namespace sextant::tables {

/// The columns of all rows, in the order in which they are first met.
struct Columns {
  struct Column {
    std::string name;
    size_t rows = 0;    // that have it
    size_t filled = 0;  // ... and in which it is neither null nor blank
  };
  std::vector<Column> all;
  std::unordered_map<std::string, size_t> place;
  size_t rows = 0;

  explicit Columns(const std::vector<Row>& rows);
  const Column* find(const std::string& name) const;
  std::vector<std::string> names() const;
  /// The columns of that name in any case; the one that is written like it first.
  std::vector<std::string> named(std::string_view name) const;
};

/// Null, or a text of blanks alone.
bool is_blank(const json::Value* value);
std::string lower_case(std::string_view text);
inline char letter_of(size_t position) { return static_cast<char>('A' + position); }
/// Without blanks at both ends, full-width forms as the ASCII characters that they stand for.
std::string trimmed(std::string_view text);

struct OptionSource {
  enum class Kind { none, columns, list, in_question } kind = Kind::none;
  std::vector<std::string> columns, labels;  // columns: their names, and what stands in front of each option
  std::string path;                          // list: the column, or its member; in_question: the question's
};

struct Option {
  std::string label, text;
  size_t position = 0;  // among the columns or in the list, from 0 on; blank ones are counted
};

/// What the configuration names: the option columns, or one list column; nothing: they are looked for. `question`: the
/// question's path.
Result<OptionSource> find_options(const Columns& columns, const std::vector<Row>& rows, const json::Value* wanted,
                                  const std::string& question, const std::string& origin);
/// The options that the row has; blank ones are none. At least two, or an Error that names the row.
Result<std::vector<Option>> options_of(const OptionSource& source, const Row& row);

}  // namespace sextant::tables
