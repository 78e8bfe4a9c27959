// One file's rows, whatever its format: CSV, TSV, JSON lines, or JSON (a list of objects, or an object with a list in it).
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>

namespace sextant::tables {

/// How a file is read; docs/cards.md lists the keys.
struct Reading {
  std::string format = "auto";          // csv, tsv, jsonl or json; auto: by the file's name
  bool header = true;                   // csv, tsv: the first line names the columns
  std::vector<std::string> columns;     // their names by position; "" leaves a column out
  std::string member;                   // json: the path of the list inside the object
};

struct Row {
  std::string place;                    // "q.csv:3: ", or "q.json, item 3: "
  json::Value record;                   // an object
};

/// Appends the file's rows; records are made with `allocator`.
Result<void> read_rows(const std::filesystem::path& file, const std::string& text, const Reading& reading, json::Document::AllocatorType& allocator,
                       std::vector<Row>& ret_rows);

}  // namespace sextant::tables
