#include "rows.hpp"
#include <algorithm>
#include "delimited.hpp"
#include "options.hpp"
#include "reshape.hpp"

namespace sextant::tables {
namespace {

std::string json_error(const rapidjson::ParseResult& parsed, std::string_view text) {
  if (parsed.Code() == rapidjson::kParseErrorNumberTooBig)
    return "a number beyond the range of doubles; write it as a text, in quotes";
  return json::error_text(parsed, text);
}

Result<void> add_json_lines(std::string_view text, const std::string& origin, Allocator& a, std::vector<Row>& out) {
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == row.npos) continue;
    const std::string place = csv::place(origin, line);
    if (row.size() > row_bytes_max)
      return data_error(place + "the row has " + std::to_string(row.size()) + " bytes, more than the " +
                        std::to_string(row_bytes_max) + " that a row may have");
    json::Document document(&a);  // so that the record need not be copied
    const auto parsed = parse_data(document, row);
    if (parsed.IsError()) {
      if (csv::column_name(row) == "{")
        return data_error(place +
                          "an object begins here that goes on in the next lines; a file of JSON lines has each object in one "
                          "line: write them so, or as a list into a .json file");
      return data_error(place + "column " + std::to_string(parsed.Offset() + 1) + ": " + json_error(parsed, row));
    }
    if (!document.IsObject()) return data_error(place + "not a JSON object; write one object a line");
    out.push_back({place, std::move(static_cast<json::Value&>(document)), {}});
  }
  return {};
}

// A .json file may hold JSON lines, and a .jsonl file one list: what the text is decides.
Result<void> add_json_text(std::string_view text, const std::string& origin, bool lines, const Reading& reading,
                           Allocator& a, std::vector<Row>& out) {
  text = csv::without_marks(text);
  SXT_CHECK(csv::check_text(text, origin));
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_list = first != text.npos && text[first] == '[';
  if (lines && !is_list) return add_json_lines(text, origin, a, out);
  json::Document document;
  const auto parsed = parse_data(document, text);
  if (parsed.IsError()) {
    const std::string_view line = first == text.npos ? std::string_view() : text.substr(first, text.find('\n', first) - first);
    json::Document alone;
    // a list in a file of lines: its rows are the lines' if they are lists one by one, and then it is none
    if (lines && is_list && !parse_data(alone, line).IsError()) return add_json_lines(text, origin, a, out);
    if (!lines && reading.member.empty() && !is_list && !parse_data(alone, line).IsError() && alone.IsObject())
      return add_json_lines(text, origin, a, out);
    const auto [at_line, column] = json::line_and_column(text, parsed.Offset());
    return data_error(origin + ":" + std::to_string(at_line) + ":" + std::to_string(column) + ": " + json_error(parsed, text));
  }
  if (lines && is_list && document.IsArray() && !document.Empty() && !document[0].IsObject())
    return add_json_lines(text, origin, a, out);
  return add_json(document, text, origin, reading, a, out);
}

Result<void> add_lines(std::string_view text, const std::string& origin, const Reading& reading, Allocator& a,
                       std::vector<Row>& out) {
  SXT_CHECK(csv::check_text(text, origin));
  const std::string column = reading.columns.empty() ? "text" : reading.columns.front();
  size_t number = 0;
  for (const std::string_view line : lines_of(csv::without_marks(text))) {
    Row row{csv::place(origin, ++number), json::Value(rapidjson::kObjectType), {}};
    json::set(row.record, column, line, a);
    out.push_back(std::move(row));
  }
  return {};
}

// Names without what nobody sees, each once.
Result<void> check_names(Row& row, Allocator& a) {
  std::vector<std::string_view> names;
  for (auto& member : row.record.GetObject()) {
    const std::string name = csv::column_name(json::text(member.name));
    if (name != json::text(member.name)) member.name = json::Value(name, a);
    names.push_back(json::text(member.name));
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return data_error(row.place + "the member '" + std::string(*twice) + "' stands twice; rename or remove one");
  return {};
}

std::string kinds_refused(const std::string& format) {
  if (format == "xlsx" || format == "xls" || format == "ods") return " is a spreadsheet; save it as \"CSV UTF-8\"";
  if (format == "feather" || format == "pkl")
    return " is a ." + format +
           " file, which is not read; write it as Parquet or JSON lines, with pandas: to_json(\"FILE.jsonl\", "
           "orient=\"records\", lines=True)";
  if (format == "7z" || format == "rar" || format == "tar" || format == "tgz") return " is packed; unpack it first";
  return " is neither .csv, .tsv, .jsonl nor .json; give it the ending of what it is, or say it with \"format\" where a card's "
         "loader reads it";
}

}  // namespace

std::string format_named(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  const std::string format = extension.empty() ? "" : lower_case(extension.substr(1));
  return format == "ndjson" ? "jsonl" : format;
}

Result<void> read_rows(const std::filesystem::path& file, const std::string& text, const Reading& reading, Allocator& a,
                       std::vector<Row>& ret_rows, std::vector<std::string>& ret_notes) {
  const std::string format = reading.format == "auto" ? format_named(file) : reading.format;
  const std::string origin = file.string();
  const size_t before = ret_rows.size();
  if (format == "csv" || format == "tsv") {
    SXT_CHECK(add_delimited(text, origin, format == "tsv" ? '\t' : ',', reading, a, ret_rows, ret_notes));
  } else if (format == "lines") {
    SXT_CHECK(add_lines(text, origin, reading, a, ret_rows));
  } else if (format == "jsonl" || format == "json") {
    SXT_CHECK(add_json_text(text, origin, format == "jsonl", reading, a, ret_rows));
    for (size_t i = before; i < ret_rows.size(); ++i) {
      SXT_CHECK(check_names(ret_rows[i], a));
      take_not_finite(ret_rows[i].record, ret_rows[i].not_finite);
    }
  } else {
    return data_error(origin + kinds_refused(format));
  }
  if (ret_rows.size() == before)
    return data_error(origin + (format == "jsonl" ? " holds no records; write one JSON object a line"
                                                  : " holds no rows; a split needs at least one"));
  return {};
}

}  // namespace sextant::tables
