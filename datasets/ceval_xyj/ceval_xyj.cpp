// The loader of ceval_xyj, as a third party writes one: {path}/{split}/xyj_{split}.csv in C-Eval's columns. Every cell stays a
// string, and unlike C-Eval's own, the test split has answers too.
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

struct CevalXyj : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"val", "dev", "test"}; }
  Result<Records> load(std::string_view split) const override {
    const std::string part(split);
    SXT_TRY(csv::Table table, csv::read(folder() / part / ("xyj_" + part + ".csv")));
    SXT_CHECK(csv::require_columns(table, {"id", "question", "A", "B", "C", "D", "answer"}));
    SXT_CHECK(check_answers(table, {"A", "B", "C", "D"}, "answer", false));
    table.add_if_missing("explanation");
    return to_records(table);
  }
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {"path": {"type": "string", "description": "folder that holds dev/, val/ and test/"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<CevalXyj>(
    {.id = "ceval_xyj", .summary = "Journey to the West in C-Eval's form: {path}/{split}/xyj_{split}.csv", .schema = schema}))
