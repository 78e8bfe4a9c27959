// Data sets in files of rows: CSV, TSV, JSON lines, JSON. Where the files lie, which columns they have and what these hold is
// the card's to say. `custom` (custom.hpp) is the same for a file that a user brings with --custom-dataset-path.
#include <algorithm>
#include <sextant/columns.hpp>
#include <sextant/file_dataset.hpp>
#include <sextant/message_text.hpp>
#include "custom.hpp"
#include "files.hpp"
#include "hub.hpp"
#include "plain_lines.hpp"
#include "reshape.hpp"
#include "understand.hpp"

namespace {

using namespace sextant;

std::vector<std::string> texts(const json::Value& config, std::string_view key) {
  std::vector<std::string> out;
  if (const json::Value* list = json::find(config, key); list && list->IsArray())
    for (const auto& item : list->GetArray())
      if (item.IsString()) out.emplace_back(json::text(item));
  return out;
}

std::vector<std::string> names_of(const json::Value& record) {
  std::vector<std::string> names;
  for (const auto& member : record.GetObject()) names.emplace_back(json::text(member.name));
  return names;
}
bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

struct Table : FileDataset {
  /// `preset`: keys of the configuration, which the card's own replace.
  explicit Table(Context from, const char* preset = "{}") : FileDataset(std::move(from)) {
    config = or_throw(json::parse(preset, "table"));
    for (const auto& member : context.config().GetObject())
      json::set(config, json::text(member.name), json::Value(member.value, config.GetAllocator()), config.GetAllocator());
    reading.format = json::find_string(config, "format").value_or("auto");
    reading.header = json::find_bool(config, "header").value_or(true);
    reading.columns = texts(config, "columns");
    reading.member = json::find_string(config, "member").value_or("");
    if (!reading.header && reading.columns.empty())
      throw ConfigError("table: without a header the columns need names; list them in \"columns\"");
    if (json::find_string(config, "header") == "auto") find_header_by_answers();
  }
  std::vector<std::string> splits() const override { return tables::splits_of(config); }
  Result<Records> load(std::string_view split) const override {
    if (auto plain = tables::plain_lines(folder(), config, split, reading)) return *std::move(plain);
    json::Document owner;
    std::vector<tables::Row> rows;
    std::vector<std::string> notes;
    SXT_TRY(Records out, tables::read_files(folder(), config, split, reading, owner.GetAllocator(), rows, notes));
    SXT_CHECK(tables::add_columns_beside(folder(), config, split, owner.GetAllocator(), rows));
    SXT_CHECK(tables::add_texts(folder(), config, split, owner.GetAllocator(), rows));
    SXT_CHECK(tables::unfold(texts(config, "unfold"), json::find_bool(config, "unfold_context").value_or(false),
                             owner.GetAllocator(), rows));
    for (tables::Row& row : rows) {
      if (!row.not_finite.empty())
        return Error{Error::Kind::data,
                     row.place + "'" + row.not_finite.front() +
                         "' is NaN or infinite, which JSON does not have; write null, or the text in quotes"};
      SXT_CHECK(rename(row, owner.GetAllocator()));
    }
    if (const std::string where = context.text("where"); !where.empty()) SXT_CHECK(tables::keep_where(where, rows));
    if (const std::string number = context.text("number"); !number.empty())
      SXT_CHECK(tables::number_rows(number, owner.GetAllocator(), rows));
    SXT_CHECK(tables::turn_options(config, owner.GetAllocator(), rows));
    SXT_CHECK(check(rows, std::string(split), owner.GetAllocator()));
    out.fields = tables::Columns(rows).names();
    for (const tables::Row& row : rows) out.json.push_back(json::write(row.record));
    return out;
  }

 private:
  Result<void> check(std::vector<tables::Row>& rows, const std::string& split, tables::Allocator& a) const {
    const json::Value* answers = json::find(config, "answers");
    const std::string answer = answers ? json::find_string(*answers, "column").value_or("answer") : "";
    const bool unpublished = answers && has(texts(*answers, "unpublished"), split);
    if (unpublished) add_missing(rows, answer, a);
    for (const std::string& column : texts(config, "add")) add_missing(rows, column, a);
    for (const std::string& column : texts(config, "require"))
      for (const tables::Row& row : rows)
        if (!columns::find(row.record, column)) return no_column(row, column, "");
    return answers ? check_column(rows, answer, texts(*answers, "among"), unpublished) : Result<void>();
  }
  static void add_missing(std::vector<tables::Row>& rows, const std::string& column, tables::Allocator& a) {
    for (tables::Row& row : rows)
      if (!json::find(row.record, column)) json::set(row.record, column, "", a);
  }
  // "header": "auto"
  void find_header_by_answers() {
    const json::Value* answers = json::find(config, "answers");
    if (answers) reading.labels = texts(*answers, "among");
    const std::string column = answers ? json::find_string(*answers, "column").value_or("answer") : "answer";
    const auto at = std::find(reading.columns.begin(), reading.columns.end(), column);
    if (reading.labels.empty() || at == reading.columns.end())
      throw ConfigError(
          "table: \"header\": \"auto\" looks for an answer in the first line; name the columns with \"columns\", '" + column +
          "' among them, and the labels with \"answers\"");
    reading.answer_at = static_cast<size_t>(at - reading.columns.begin());
  }
  static Error no_column(const tables::Row& row, std::string_view column, const std::string& what_for) {
    const std::vector<std::string> names = names_of(row.record);
    return Error{Error::Kind::data, row.place + "there is no column '" + std::string(column) + "'" + what_for +
                                        did_you_mean(column, names) + "; the row has: " + csv::detail::listed(names)};
  }
  /// Every value of the column is one of `options`.
  static Result<void> check_column(const std::vector<tables::Row>& rows, const std::string& column,
                                   const std::vector<std::string>& options, bool may_be_empty) {
    for (const tables::Row& row : rows) {
      const json::Value* value = columns::find(row.record, column);
      if (!value) return no_column(row, column, ", whose answers are checked");
      const std::string answer = columns::as_text(*value);
      if ((answer.empty() && may_be_empty) || has(options, answer)) continue;
      const json::Value* id = json::find(row.record, "id");
      return Error{Error::Kind::data, row.place + (id ? "id " + columns::as_text(*id) + ": " : "") + "the answer '" + answer +
                                          "' is not one of the options " + csv::detail::listed(options)};
    }
    return {};
  }
  // "rename": {"new": "old.path"}: the new column takes the old one's place, or the end where it comes from inside of another.
  Result<void> rename(tables::Row& row, json::Document::AllocatorType& a) const {
    const json::Value* names = json::find(config, "rename");
    if (!names) return {};
    for (const auto& member : names->GetObject()) {
      const std::string_view path = json::text(member.value);
      const json::Value* value = columns::find(row.record, path);
      if (!value) return no_column(row, path, " to rename");
      json::Value copy(*value, a);
      const auto old = row.record.FindMember(json::Value(rapidjson::StringRef(path.data(), path.size())));
      if (old == row.record.MemberEnd()) row.record.AddMember(json::Value(member.name, a), copy, a);
      else old->name = json::Value(member.name, a);
    }
    for (const auto& member : names->GetObject())
      if (std::count_if(row.record.MemberBegin(), row.record.MemberEnd(),
                        [&](const auto& m) { return m.name == member.name; }) > 1)
        return Error{Error::Kind::data, row.place + "\"rename\" makes a second column '" +
                                            std::string(json::text(member.name)) + "'; rename the one that is there, too"};
    return {};
  }
  json::Document config;
  tables::Reading reading;
};

// C-Eval and CMMLU had loaders of their own once. Configurations, configs/run.json of older runs among them, still name these;
// the cards do not (docs/adr/0032-table-reads-ceval-and-cmmlu.md).
struct Ceval : Table {
  explicit Ceval(Context from)
      : Table(std::move(from), R"({"file": "{split}/{name}_{split}.csv", "add": ["explanation"],
          "require": ["question", "A", "B", "C", "D", "answer"], "answers": {"among": ["A", "B", "C", "D"], "unpublished": ["test"]}})") {
  }
};
struct Cmmlu : Table {
  explicit Cmmlu(Context from)
      : Table(std::move(from), R"({"file": "{split}/{name}.csv", "header": "auto",
          "columns": ["", "question", "A", "B", "C", "D", "answer"], "answers": {"among": ["A", "B", "C", "D"]}})") {}
};

// what both schemas have
#define TABLE_FILES                                                                                                                       \
  R"("path": {"type": "string", "description": "set by the core: the folder that holds the files, or the file"},)"                        \
  R"("file": {"type": "string", "default": "", "description": )"                                                                          \
  R"("a file's name below path; {split} and {name} are filled in, * and ? match names; without {split} every split is the whole file"},)" \
  R"("name": {"type": "string", "description": "what {name} in file names stands for: a subject"},)"                                      \
  R"("format": {"enum": ["auto", "csv", "tsv", "jsonl", "json", "lines"], "default": "auto", "description": "auto: by the file's name; lines: each line is a row"})"

constexpr const char* table_schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {)" TABLE_FILES R"(,
    "files": {"type": "object", "description": "instead of file: each split's file or files, {\"train\": \"a.jsonl\", \"test\": [\"b.jsonl\", \"c*.jsonl\"]}",
      "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]}},
    "header": {"enum": [true, false, "auto"], "default": true, "description": "csv, tsv: whether the first line names the columns; auto: it is a row if its answer is one of answers.among"},
    "columns": {"type": "array", "items": {"type": "string"}, "description": "the columns' names by position, \"\" leaves one out: of csv, tsv, and JSON rows that are lists; of lines the one column, default text"},
    "member": {"type": "string", "description": "json: the path of the list of rows inside the object"},
    "beside": {"type": "object", "description": "columns whose values stand in files of their own, one a line: {\"label\": \"{split}-labels.lst\"}, or a file for each split, {\"label\": {\"dev\": \"dev-labels.lst\"}}",
      "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}, "description": "columns that hold a whole file's text, the same in every row: {\"task\": \"prompts/{name}.txt\"}"},
    "unfold": {"type": "array", "items": {"type": "string"}, "description": "paths of lists; a row becomes one for each item, whose members become the row's"},
    "unfold_context": {"type": "boolean", "description": "each such row also gets 'place', the item's number from 1, and 'before', the items before it"},
    "where": {"type": "string", "description": "a Jinja expression of columns; rows for which it does not hold are left out: choices | length == 4"},
    "number": {"type": "string", "description": "the name of a column that gets each row's place, from 0 on"},
    "circular": {"type": "object", "additionalProperties": false, "description": "a row becomes one for each order of its options; columns circular_id and circular_pattern",
      "properties": {
        "options": {"type": "string", "description": "the column with the list of options; default: options"},
        "answer": {"type": "string", "description": "the column with the answer's letter; default: answer"},
        "orders": {"enum": ["rotations", "permutations"], "description": "default: rotations, as many as there are options"}}},
    "rename": {"type": "object", "additionalProperties": {"type": "string"}, "description": "{\"new\": \"old\"}; the old one may be a path, as in question.stem"},
    "add": {"type": "array", "items": {"type": "string"}, "description": "columns that are added, empty, where they are missing"},
    "require": {"type": "array", "items": {"type": "string"}, "description": "columns that every row must have"},
    "answers": {"type": "object", "additionalProperties": false, "required": ["among"], "description": "what a column may hold, checked in every row",
      "properties": {
        "column": {"type": "string", "description": "default: answer"},
        "among": {"type": "array", "items": {"type": "string"}, "description": "the values"},
        "unpublished": {"type": "array", "items": {"type": "string"}, "description": "splits in which it may be empty or missing"}}}
  }})";

constexpr const char* custom_schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path"],
  "properties": {)" TABLE_FILES R"(,
    "data_type": {"enum": ["auto", "mcq", "qa"], "default": "auto", "description": "mcq: options and the label of the right one; qa: a text; auto: as the columns say"},
    "options": {"anyOf": [{"type": "array", "minItems": 2, "items": {"type": "string"}}, {"type": "string"}], "description": "the columns that hold the options, or one list column"},
    "question": {"type": "string", "description": "the column of the question's text; default: question"},
    "output_column": {"type": "string", "description": "the column of the answer, empty: there are no answers; default: answer"},
    "first_index": {"enum": [0, 1], "description": "what the number of the first option is, where answers are numbers"},
    "answers": {"enum": ["labels", "texts"], "description": "what the answers of multiple choice are: labels, or options' texts; otherwise it is found out"},
    "shown": {"type": "array", "items": {"type": "string"}, "description": "the columns that the prompt shows"}
  }})";

constexpr const char* subject_schema = R"({
  "type": "object", "additionalProperties": false, "required": ["path", "name"],
  "properties": {
    "path": {"type": "string", "description": "set by the core: the folder that holds the splits' folders"},
    "name": {"type": "string", "minLength": 1, "description": "subject, as in the files' names: logic, agronomy, ..."}
  }})";

}  // namespace

SEXTANT_PLUGIN(
    sextant::component<Table>({.id = "table", .summary = "Files of rows: .csv, .tsv, .jsonl, .json", .schema = table_schema}),
    sextant::component<tables::Custom>(
        {.id = "custom", .summary = "A file of your own: question, A, B, ..., answer", .schema = custom_schema}),
    sextant::component<Ceval>({.id = "ceval",
                               .summary = "older name: table with {split}/{name}_{split}.csv and C-Eval's columns",
                               .schema = subject_schema}),
    sextant::component<Cmmlu>(
        {.id = "cmmlu", .summary = "older name: table with {split}/{name}.csv and CMMLU's columns", .schema = subject_schema}),
    sextant::component<tables::Hub>({.id = "hub",
                                     .summary = "A data set of the Hugging Face hub, from its cache or a folder",
                                     .schema = tables::hub_schema}))

#undef TABLE_FILES
