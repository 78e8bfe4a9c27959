// C-Eval (Huang et al., 2023): {path}/{split}/{name}_{split}.csv. Every cell stays a string; val has no explanation and test
// no answer: those columns are there and empty.
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

struct Ceval : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"val", "dev", "test"}; }
  Result<Records> load(std::string_view split) const override {
    const std::string part(split);
    SXT_TRY(csv::Table table, csv::read(folder() / part / (context.text("name") + "_" + part + ".csv")));
    const bool unanswered = part == "test";  // its answers were never published
    if (unanswered) table.add_if_missing("answer");
    SXT_CHECK(csv::require_columns(table, {"question", "A", "B", "C", "D", "answer"}));
    SXT_CHECK(check_answers(table, {"A", "B", "C", "D"}, "answer", unanswered));
    table.add_if_missing("explanation");
    return to_records(table);
  }
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path", "name"],
  "properties": {
    "path": {"type": "string", "description": "folder that holds dev/, val/ and test/: formal_ceval"},
    "name": {"type": "string", "minLength": 1, "description": "subject, as in the files' names: accountant, logic, ..."}
  }})";

}  // namespace

SEXTANT_PLUGIN(
    sextant::component<Ceval>({.id = "ceval", .summary = "C-Eval: {path}/{split}/{name}_{split}.csv", .schema = schema}))
