#include "rows.hpp"
#include <algorithm>
#include <sextant/columns.hpp>

namespace sextant::tables {
namespace {

using Allocator = json::Document::AllocatorType;

Error data_error(std::string what) { return {Error::Kind::data, std::move(what)}; }

json::Value text_of(std::string_view text, Allocator& a) { return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), a); }

// A file without a header is read with one in front of it, so that quotes, lengths and places are checked as in any other.
Result<csv::Table> parse_table(const std::string& text, const std::string& origin, char separator, const Reading& reading) {
  if (reading.header) {
    SXT_TRY(csv::Table table, csv::parse(text, origin, separator));
    if (reading.columns.empty()) return table;
    if (reading.columns.size() != table.header.size())
      return data_error(origin + " has " + std::to_string(table.header.size()) + " columns, and \"columns\" names " + std::to_string(reading.columns.size()) +
                        "; name each column, or \"\" to leave one out");
    table.header = reading.columns;
    return table;
  }
  SXT_TRY(csv::Table table, csv::parse_rows(text, origin, separator));
  for (const csv::Row& row : table.rows)
    if (row.cells.size() != reading.columns.size())
      return data_error(csv::place(origin, row.line) + "the row has " + std::to_string(row.cells.size()) + " cells, and \"columns\" names " +
                        std::to_string(reading.columns.size()) + "; put quotes around a cell that holds a separator or a line feed");
  table.header = reading.columns;
  return table;
}

Result<void> add_table(const csv::Table& table, Allocator& a, std::vector<Row>& out) {
  for (const csv::Row& row : table.rows) {
    json::Value record(rapidjson::kObjectType);
    for (size_t i = 0; i < table.header.size(); ++i)
      if (!table.header[i].empty()) record.AddMember(text_of(table.header[i], a), text_of(row.cells[i], a), a);
    out.push_back({csv::place(table.origin, row.line), std::move(record)});
  }
  return {};
}

Result<void> add_json_lines(std::string_view text, const std::string& origin, Allocator& a, std::vector<Row>& out) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (size_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == row.npos) continue;
    json::Document document;
    const auto parsed = json::parse_into<json::strict_flags>(document, row);
    if (parsed.IsError())
      return data_error(csv::place(origin, line) + "column " + std::to_string(parsed.Offset() + 1) + ": " + json::error_text(parsed, row));
    if (!document.IsObject()) return data_error(csv::place(origin, line) + "not a JSON object; write one object a line");
    out.push_back({csv::place(origin, line), json::Value(document, a)});
  }
  return {};
}

Result<void> add_json(const std::string& text, const std::string& origin, const std::string& member, Allocator& a, std::vector<Row>& out) {
  auto document = json::parse(text, origin);
  if (!document) return data_error(document.error().message);
  const json::Value* list = member.empty() ? &*document : columns::find(*document, member);
  if (!list) return data_error(origin + " has no member '" + member + "'; \"member\" must name the list of rows");
  if (!list->IsArray() && member.empty() && list->IsObject()) {
    // an object with one list in it says by itself which one is meant
    const json::Value* only = nullptr;
    for (const auto& item : list->GetObject())
      if (item.value.IsArray()) {
        if (only) return data_error(origin + " has several lists; name the list of rows with \"member\"");
        only = &item.value;
      }
    if (only) list = only;
  }
  if (!list->IsArray()) return data_error(origin + " holds no list of rows; it must be a list of objects, or an object with one");
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    const std::string place = origin + ", item " + std::to_string(i) + ": ";
    if (!(*list)[i].IsObject()) return data_error(place + "not a JSON object");
    out.push_back({place, json::Value((*list)[i], a)});
  }
  return {};
}

}  // namespace

Result<void> read_rows(const std::filesystem::path& file, const std::string& text, const Reading& reading, Allocator& a, std::vector<Row>& ret_rows) {
  std::string format = reading.format;
  if (format == "auto") {
    const std::string extension = file.extension().string();
    format = extension.empty() ? "" : extension.substr(1);
    if (format == "ndjson") format = "jsonl";
  }
  const std::string origin = file.string();
  const size_t before = ret_rows.size();
  if (format == "csv" || format == "tsv") {
    SXT_TRY(const csv::Table table, parse_table(text, origin, format == "tsv" ? '\t' : ',', reading));
    SXT_CHECK(add_table(table, a, ret_rows));
  } else if (format == "jsonl") {
    SXT_CHECK(add_json_lines(text, origin, a, ret_rows));
  } else if (format == "json") {
    SXT_CHECK(add_json(text, origin, reading.member, a, ret_rows));
  } else {
    return data_error(origin + " is neither .csv, .tsv, .jsonl nor .json; name a file of one of these kinds, or say which with \"format\"");
  }
  if (ret_rows.size() == before)
    return data_error(origin + (format == "jsonl" ? " holds no records; write one JSON object a line" : " holds no rows; a split needs at least one"));
  return {};
}

}  // namespace sextant::tables
