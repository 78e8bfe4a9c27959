// One file's rows, whatever its format: CSV with any separator, JSON lines, or JSON in one of the shapes that programs write.
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>

namespace sextant::tables {

using Allocator = json::Document::AllocatorType;

inline Error data_error(std::string what) { return {Error::Kind::data, std::move(what)}; }

/// How a file is read; docs/cards.md lists the keys.
struct Reading {
  std::string format = "auto";       // csv, tsv, jsonl, json or lines; auto: by the file's name
  bool header = true;                // csv, tsv: the first line names the columns
  std::vector<std::string>
      columns;  // csv, tsv, JSON rows that are lists: names by position, "" leaves one out; lines: the column
  std::string member;                // json: the path of the list inside the object
  bool find_header = false;          // csv, tsv: a multiple-choice file without a header is known by its answers
  std::vector<std::string> labels;   // csv, tsv, not empty: a first line whose cell `answer_at` is one of them is a row
  size_t answer_at = 0;
};

struct Row {
  std::string place;                    // "q.csv:3: ", or "q.json:7, item 3: "
  json::Value record;                   // an object; each member stands once
  std::vector<std::string> not_finite;  // members that were NaN or infinite; they are null
};

/// No prompt is longer, and what is longer is not a file of rows.
inline constexpr size_t row_bytes_max = size_t{32} << 20;

/// Appends the file's rows; records are made with `allocator`. `ret_notes`: what was found out about the file, half a sentence
/// each.
Result<void> read_rows(const std::filesystem::path& file, const std::string& text, const Reading& reading, Allocator& allocator,
                       std::vector<Row>& ret_rows, std::vector<std::string>& ret_notes);

/// By the name's end: "csv", "tsv", "jsonl", "json"; another end as it is.
std::string format_named(const std::filesystem::path& file);

/// JSON as data sets hold it: integers beyond 64 bits become texts, so that they keep their digits, and NaN, Infinity and
/// -Infinity are taken; `take_not_finite` makes null of them and names the members.
rapidjson::ParseResult parse_data(json::Document& document, std::string_view text);
void take_not_finite(json::Value& record, std::vector<std::string>& ret_members);
/// The document's rows: a list of objects, an object with one, or one of the shapes of pandas' to_json and of the Hugging Face
/// hub.
Result<void> add_json(const json::Document& document, std::string_view text, const std::string& origin,
                      const Reading& reading, Allocator& allocator, std::vector<Row>& ret_rows);

}  // namespace sextant::tables
