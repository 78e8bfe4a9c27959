// CMMLU (Li et al., 2023): {path}/{split}/{name}.csv with seven columns that are read by position: row number, question,
// A, B, C, D, answer. The row number is left out.
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

struct Cmmlu : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"test", "dev"}; }
  Result<Records> load(std::string_view split) const override {
    SXT_TRY(csv::Table table, csv::read(folder() / std::string(split) / (context.text("name") + ".csv")));
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
