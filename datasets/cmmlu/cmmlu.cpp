// CMMLU (Li et al., 2023): {path}/{split}/{name}.csv with seven columns that are read by position: row number, question,
// A, B, C, D, answer. The row number is left out. A copy without a header is known by its first line.
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

// A row number in front and the letter of an answer at the end: no names of columns.
bool is_row(const csv::Row& row) {
  const std::string &first = row.cells.front(), &last = row.cells.back();
  return row.cells.size() == 7 && !first.empty() && first.find_first_not_of("0123456789") == first.npos && last.size() == 1 && last[0] >= 'A' && last[0] <= 'D';
}

struct Cmmlu : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"test", "dev"}; }
  Result<Records> load(std::string_view split) const override {
    const std::filesystem::path file = folder() / std::string(split) / (context.text("name") + ".csv");
    SXT_TRY(const std::string text, csv::read_text(file));
    SXT_TRY(csv::Table table, csv::parse_rows(text, file.string()));
    if (table.rows.empty() || !is_row(table.rows.front())) {
      SXT_TRY(table, csv::with_header(std::move(table)));
    } else {
      table.header = table.rows.front().cells;  // a copy without a header: its first line is a row like any other
      for (const csv::Row& row : table.rows)
        if (row.cells.size() != table.header.size()) return csv::detail::wrong_length(table, row, ',');
    }
    if (table.header.size() != 7)
      return Error{Error::Kind::data, table.origin + " has " + std::to_string(table.header.size()) +
                                          " columns; CMMLU's files have 7: row number, Question, A, B, C, D, Answer"};
    table.header = {"question", "A", "B", "C", "D", "answer"};
    for (csv::Row& row : table.rows) row.cells.erase(row.cells.begin());
    SXT_CHECK(check_answers(table, {"A", "B", "C", "D"}, "answer", false));
    return to_records(table);
  }
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path", "name"],
  "properties": {
    "path": {"type": "string", "description": "folder that holds dev/ and test/"},
    "name": {"type": "string", "minLength": 1, "description": "subject, as in the files' names: agronomy, virology, ..."}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Cmmlu>({.id = "cmmlu", .summary = "CMMLU: {path}/{split}/{name}.csv", .schema = schema}))
