#include "delimited.hpp"
#include <algorithm>
#include <charconv>
#include <optional>
#include "options.hpp"

namespace sextant::tables {
namespace {

// The separator that a first line "sep=;" names; the line is taken off, all but its end, so that lines are counted as they are.
std::optional<char> named_separator(std::string_view& text) {
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  std::string_view line = text.substr(0, end);
  if (line.size() > 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
  if (line.size() != 5 || lower_case(line.substr(0, 4)) != "sep=") return std::nullopt;
  const char separator = line[4];
  text.remove_prefix(end);
  return separator;
}

char guessed_separator(std::string_view text, char expected) {
  const size_t begin = std::min(text.find_first_not_of("\r\n"), text.size());
  size_t commas = 0, semicolons = 0, tabs = 0, bars = 0;
  bool quoted = false;
  for (const char c : text.substr(begin)) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    commas += c == ',';
    semicolons += c == ';';
    tabs += c == '\t';
    bars += c == '|';
  }
  if ((expected == ',' ? commas : tabs) > 0) return expected;
  const size_t most = std::max({commas, semicolons, tabs, bars});
  if (most == 0) return expected;
  return most == commas ? ',' : most == semicolons ? ';' : most == tabs ? '\t' : '|';
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

// A row of separators alone, as spreadsheets leave them behind a table.
void drop_empty(std::vector<csv::Row>& rows) {
  std::erase_if(rows, [](const csv::Row& row) { return row.cells.size() > 1 && csv::detail::all_empty(row.cells, 0); });
}

// Some copies of a set have a header and others have none: a header holds no label where the rows have their answers.
bool begins_with_a_row(const csv::Table& table, const Reading& reading) {
  if (reading.labels.empty() || table.rows.empty()) return false;
  const std::vector<std::string>& cells = table.rows.front().cells;
  return reading.answer_at < cells.size() &&
         std::find(reading.labels.begin(), reading.labels.end(), cells[reading.answer_at]) != reading.labels.end();
}

Result<csv::Table> named_by_position(csv::Table table, const std::vector<std::string>& columns) {
  for (const csv::Row& row : table.rows) {
    if (row.cells.size() == columns.size()) continue;
    return data_error(csv::place(table.origin, row.line) + "the row has " + std::to_string(row.cells.size()) +
                      " cells, and \"columns\" names " + std::to_string(columns.size()) +
                      (row.cells.size() > columns.size() ? "; put quotes around a cell that holds a separator or a line feed"
                                                         : "; a cell is missing: add it, an empty one too"));
  }
  if (!table.rows.empty()) {
    size_t same = 0, named = 0;
    for (size_t i = 0; i < columns.size(); ++i) {
      named += !columns[i].empty();
      same += !columns[i].empty() && lower_case(csv::column_name(table.rows.front().cells[i])) == lower_case(columns[i]);
    }
    if (named > 1 && same == named)
      return data_error(csv::place(table.origin, table.rows.front().line) +
                        "this line names the columns; leave \"header\": false out");
  }
  table.header = columns;
  return table;
}

}  // namespace

std::vector<std::string> columns_without_header(const std::vector<csv::Row>& rows) {
  if (rows.empty()) return {};
  const size_t n = rows.front().cells.size();
  if (n < 4) return {};
  for (const std::string& cell : rows.front().cells) {
    const std::string name = lower_case(csv::column_name(cell));
    if (name == "question" || name == "answer") return {};
  }
  bool numbered = true;
  char highest = 'A';
  std::optional<int64_t> number;
  for (const csv::Row& row : rows) {
    if (row.cells.size() != n || row.cells.back().size() != 1) return {};
    const char letter = row.cells.back().front();
    if (letter < 'A' || letter > 'Z') return {};
    highest = std::max(highest, letter);
    const auto own = whole_number(row.cells.front());
    numbered = numbered && own && (!number || *own == *number + 1);
    number = own;
  }
  numbered = numbered && n > 4;
  const size_t options = n - 2 - numbered;
  if (static_cast<size_t>(highest - 'A') >= options || options > 26) return {};
  std::vector<std::string> out;
  if (numbered) out.emplace_back();
  out.emplace_back("question");
  for (size_t i = 0; i < options; ++i) out.emplace_back(1, static_cast<char>('A' + i));
  out.emplace_back("answer");
  return out;
}

Result<void> add_delimited(std::string_view text, const std::string& origin, char expected, const Reading& reading,
                           Allocator& a, std::vector<Row>& out, std::vector<std::string>& notes) {
  text = csv::without_marks(text);
  const auto named = named_separator(text);
  const char separator = named ? *named : guessed_separator(text, expected);
  SXT_TRY(csv::Table table, csv::parse_rows(text, origin, separator));
  drop_empty(table.rows);
  const std::vector<std::string> found =
      reading.columns.empty() ? columns_without_header(table.rows) : std::vector<std::string>();
  if (!found.empty() && !reading.find_header)
    return data_error(csv::place(origin, table.rows.front().line) +
                      "this line is not a header: like every other it ends with the letter of an answer; say "
                      "\"header\": false, and name the columns with \"columns\"");
  if (!found.empty()) notes.push_back("it has no header; its columns are taken as " + csv::detail::listed(found));
  if (!found.empty() || !reading.header || begins_with_a_row(table, reading)) {
    SXT_TRY(table, named_by_position(std::move(table), found.empty() ? reading.columns : found));
  } else {
    SXT_TRY(table, csv::with_header(std::move(table), separator));
    if (!reading.columns.empty()) {
      if (reading.columns.size() != table.header.size())
        return data_error(origin + " has " + std::to_string(table.header.size()) + " columns, and \"columns\" names " +
                          std::to_string(reading.columns.size()) + "; name each column, or \"\" to leave one out");
      table.header = reading.columns;
    }
  }
  std::vector<size_t> nameless;
  for (size_t i = 0; i < table.header.size(); ++i)
    if (table.header[i].empty()) nameless.push_back(i + 1);
  if (!nameless.empty() && found.empty() && reading.columns.empty())
    notes.push_back("column " + std::to_string(nameless.front()) + (nameless.size() > 1 ? " and others have" : " has") +
                    " no name and is not used");
  for (const csv::Row& row : table.rows) {
    size_t bytes = 0;
    json::Value record(rapidjson::kObjectType);
    for (size_t i = 0; i < table.header.size(); ++i) {
      bytes += row.cells[i].size();
      if (!table.header[i].empty()) record.AddMember(json::Value(table.header[i], a), json::Value(row.cells[i], a), a);
    }
    const std::string place = csv::place(origin, row.line);
    if (bytes > row_bytes_max)
      return data_error(place + "the row has " + std::to_string(bytes) + " bytes, more than the " +
                        std::to_string(row_bytes_max) + " that a row may have");
    out.push_back({place, std::move(record), {}});
  }
  return {};
}

}  // namespace sextant::tables
