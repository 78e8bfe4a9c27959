// Data sets that a user brings: one CSV or JSON-lines file with question, A, B, ... and answer (mcq) or question and
// answer (qa). The columns and what they hold are checked; nothing is renamed.
#include <sextant/file_dataset.hpp>

namespace {

using namespace sextant;

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A, B, C, ... as far as the columns go without a gap.
std::vector<std::string> option_columns(const std::vector<std::string>& fields) {
  std::vector<std::string> out;
  for (char letter = 'A'; letter <= 'Z' && has(fields, {&letter, 1}); ++letter) out.emplace_back(1, letter);
  return out;
}

/// One JSON object a line. Texts and numbers stay what they are; a CSV table of their texts is made beside for the checks.
Result<Records> parse_json_lines(std::string_view text, const std::string& origin, csv::Table& ret_table) {
  Records out{origin, text.size(), {}, {}};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  ret_table.origin = origin;
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == row.npos) continue;
    json::Document document;
    const auto parsed = json::parse_into<json::strict_flags>(document, row);
    if (parsed.IsError())
      return Error{Error::Kind::data, csv::place(origin, line) + "column " + std::to_string(parsed.Offset() + 1) + ": " + json::error_text(parsed)};
    if (!document.IsObject())
      return Error{Error::Kind::data, csv::place(origin, line) + "not a JSON object; write one object a line"};
    if (out.json.empty())
      for (const auto& member : document.GetObject()) out.fields.emplace_back(json::text(member.name));
    csv::Row cells{line, {}};
    for (const std::string& field : out.fields) {
      const json::Value* value = json::find(document, field);
      if (!value)
        return Error{Error::Kind::data, csv::place(origin, line) + "no member '" + field + "', which the first line has"};
      cells.cells.push_back(value->IsString() ? std::string(json::text(*value)) : json::write(*value));
    }
    ret_table.rows.push_back(std::move(cells));
    out.json.push_back(json::write(document));
  }
  if (out.json.empty()) return Error{Error::Kind::data, origin + " holds no records; write one JSON object a line"};
  ret_table.header = out.fields;
  return out;
}

struct Custom : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override {
    if (context.text("file").find("{split}") == std::string::npos) return {"test", "train"};
    return {"test", "train", "val", "dev"};
  }
  Result<Records> load(std::string_view split) const override {
    const std::filesystem::path file = file_of(split);
    const std::string extension = file.extension().string();
    if (extension != ".csv" && extension != ".tsv" && extension != ".jsonl")
      return Error{Error::Kind::data, file.string() + " is neither .csv, .tsv nor .jsonl; name a file of one of these kinds"};
    SXT_TRY(const std::string text, csv::read_text(file));
    csv::Table table;
    Records out;
    if (extension == ".jsonl") {
      SXT_TRY(Records parsed, parse_json_lines(text, file.string(), table));
      out = std::move(parsed);
    } else {
      SXT_TRY(csv::Table parsed, csv::parse(text, file.string(), extension == ".tsv" ? '\t' : ','));
      table = std::move(parsed);
      out = to_records(table);
    }
    const std::vector<std::string> options = option_columns(table.header);
    const std::string kind = context.text("data_type", "auto");
    if (kind == "mcq") SXT_CHECK(csv::require_columns(table, {"question", "A", "B", "answer"}));
    if (kind == "qa") SXT_CHECK(csv::require_columns(table, {"question", "answer"}));
    const bool answered = table.find("answer") < table.header.size();
    if (kind != "qa" && options.size() >= 2 && answered) SXT_CHECK(check_answers(table, options, "answer", false));
    return out;
  }

 private:
  /// "path" itself where it is a file; else "file" below it, with {split} filled in.
  std::filesystem::path file_of(std::string_view split) const {
    std::string name = context.text("file");
    if (name.empty()) return folder();
    if (const size_t at = name.find("{split}"); at != name.npos) name.replace(at, 7, split);
    return folder() / name;
  }
};

constexpr const char* schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {
    "path": {"type": "string", "description": "the file (.csv, .tsv or .jsonl), or the folder that holds \"file\""},
    "file": {"type": "string", "default": "",
      "description": "file's name below path; {split} stands for the split's name, without it every split is the whole file"},
    "data_type": {"enum": ["auto", "mcq", "qa"], "default": "auto",
      "description": "mcq: question, A, B, ..., answer; qa: question, answer; auto: any, but an answer is one of A, B, ..."}
  }})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<Custom>(
    {.id = "custom", .summary = "CSV or JSON lines of your own: question, A, B, ..., answer", .schema = schema}))
