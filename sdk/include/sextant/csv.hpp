// CSV (RFC 4180) as data sets use it: a header row, cells that stay text, quotes, LF or CRLF, a byte order mark skipped.
// What differs from the RFC, as Python's csv module with universal newlines reads the same files: a quote inside a cell that
// does not begin with one is text; CR LF or CR inside a quoted cell becomes LF; blank lines are skipped.
// What spreadsheets leave behind is taken away: several byte order marks, characters of no width and blanks around a column's
// name, empty cells beyond the last named column. Everything else that is odd is an error that names file and line. [any]
// thread.
#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <vector>
#include <sextant/result.hpp>
#include <sextant/utf8.hpp>

namespace sextant::csv {

struct Row {
  size_t line = 0;                  // 1-based, where the row begins
  std::vector<std::string> cells;   // as many as the header has
};
struct Table {
  std::string origin;               // the file, for messages
  uint64_t bytes = 0;               // of the file
  std::vector<std::string> header;
  std::vector<Row> rows;

  /// The column's position, or header.size() where there is none of that name.
  size_t find(std::string_view name) const {
    return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  }
  /// Adds an empty column at the end where there is none of that name.
  void add_if_missing(std::string_view name) {
    if (find(name) < header.size()) return;
    header.emplace_back(name);
    for (Row& row : rows) row.cells.emplace_back();
  }
};

inline std::string place(std::string_view origin, size_t line) {
  return std::string(origin) + ":" + std::to_string(line) + ": ";
}

namespace detail {

/// Walks the text once; the state is the position, the line and the row that is being built.
class Reader {
 public:
  Reader(std::string_view text, std::string_view origin, char separator)
      : text_(text), origin_(origin), separator_(separator) {}

  Result<std::vector<Row>> rows() {
    std::vector<Row> out;
    while (at_ < text_.size()) {
      if (end_of_line()) continue;  // a blank line
      Row row{line_, {}};
      for (;;) {
        SXT_TRY(std::string cell, next_cell());
        row.cells.push_back(std::move(cell));
        if (at_ >= text_.size() || end_of_line()) break;
        ++at_;  // the separator
        if (at_ >= text_.size()) { row.cells.emplace_back(); break; }
      }
      out.push_back(std::move(row));
    }
    return out;
  }

 private:
  /// Steps over LF, CR LF or CR.
  bool end_of_line() {
    if (text_[at_] != '\n' && text_[at_] != '\r') return false;
    at_ += text_.substr(at_, 2) == "\r\n" ? 2 : 1;
    ++line_;
    return true;
  }
  Result<std::string> next_cell() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  Result<std::string> quoted_cell() {
    const size_t opened = line_;
    std::string cell;
    for (++at_; at_ < text_.size();) {
      if (text_[at_] != '"') {
        if (end_of_line()) cell += '\n';
        else cell += text_[at_++];
      } else if (text_.substr(at_, 2) == "\"\"") {
        cell += '"';
        at_ += 2;
      } else {
        ++at_;
        if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r')
          return Error{Error::Kind::data,
                       place(origin_, line_) + "text follows a closing quote; write a quote inside a quoted cell twice"};
        return cell;
      }
    }
    return Error{Error::Kind::data, place(origin_, opened) + "the quote that opens here is never closed"};
  }

  std::string_view text_, origin_;
  char separator_;
  size_t at_ = 0, line_ = 1;
};

inline std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + (name.empty() ? std::string("(no name)") : name);
  return out;
}

inline bool invisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF || c == 0xAD;
}
inline bool blank(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A);
}

}  // namespace detail

/// The text behind its byte order marks: a file that was exported twice has two.
inline std::string_view without_marks(std::string_view text) {
  while (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return text;
}

/// A column's name without what nobody sees: characters of no width, and blanks at both ends.
inline std::string column_name(std::string_view name) {
  std::string out;
  size_t end = 0;  // of the last character that is not a blank
  for (size_t i = 0; i < name.size();) {
    const utf8::Character character = utf8::at(name, i);
    if (!detail::invisible(character.code) && !(out.empty() && detail::blank(character.code))) {
      out.append(name.substr(i, character.size));
      if (!detail::blank(character.code)) end = out.size();
    }
    i += character.size;
  }
  out.resize(end);
  return out;
}

/// Nothing that anybody sees: what column_name() leaves nothing of.
inline bool is_blank(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const utf8::Character character = utf8::at(text, i);
    if (!detail::invisible(character.code) && !detail::blank(character.code)) return false;
    i += character.size;
  }
  return true;
}

/// Fails where the text is not UTF-8, and names the line.
inline Result<void> check_text(std::string_view text, std::string_view origin) {
  if (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF")
    return Error{
        Error::Kind::data,
        std::string(origin) + " is UTF-16 text; save it as UTF-8 (a spreadsheet's \"CSV UTF-8\", not \"Unicode text\")"};
  const size_t bad = std::min(utf8::valid_prefix(text), text.find('\0'));
  if (bad >= text.size()) return {};
  const size_t line = 1 + static_cast<size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n'));
  return Error{Error::Kind::data,
               place(origin, line) + "not UTF-8 text (byte " + std::to_string(bad) +
                   " of the file); what stands here is in another encoding: convert the whole file to UTF-8"};
}

/// Parses a whole file's text without taking its first row for a header: all rows, whatever they hold. `origin` names it in
/// errors.
inline Result<Table> parse_rows(std::string_view text, std::string_view origin, char separator = ',') {
  const uint64_t bytes = text.size();
  text = without_marks(text);
  SXT_CHECK(check_text(text, origin));
  SXT_TRY(std::vector<Row> rows, detail::Reader(text, origin, separator).rows());
  return Table{std::string(origin), bytes, {}, std::move(rows)};
}

namespace detail {

inline bool all_empty(const std::vector<std::string>& cells, size_t from) {
  return std::all_of(cells.begin() + static_cast<std::ptrdiff_t>(std::min(from, cells.size())), cells.end(),
                     [](const std::string& cell) { return cell.empty(); });
}

inline Error wrong_length(const Table& table, const Row& row, char separator) {
  const std::string mark(1, separator);
  const bool shown = separator >= ' ';
  std::string out = place(table.origin, row.line) + "the row has " + std::to_string(row.cells.size()) + " cells, the header " +
                    std::to_string(table.header.size()) + "; ";
  const bool late_quote = std::any_of(row.cells.begin(), row.cells.end(), [](const std::string& cell) {
    const size_t first = cell.find_first_not_of(" \t");
    return first != 0 && first != cell.npos && cell[first] == '"';
  });
  if (row.cells.size() < table.header.size()) out += "a cell is missing: add it, an empty one too";
  else if (late_quote) out += "a blank stands before an opening quote, so the quote counts as text: remove the blank";
  else
    out += "put quotes around a cell that holds a " +
           std::string(separator == ',' ? "comma"
                       : shown          ? "'" + mark + "'"
                                        : "tab") +
           " or a line feed";
  return {Error::Kind::data, std::move(out)};
}

}  // namespace detail

/// The table whose first row is the header: it names the columns, and every other row has as many cells.
inline Result<Table> with_header(Table table, char separator = ',') {
  std::vector<Row> rows = std::move(table.rows);
  if (rows.empty()) return Error{Error::Kind::data, table.origin + " is empty; its first line should name the columns"};
  for (const std::string& name : rows.front().cells) table.header.push_back(column_name(name));
  rows.erase(rows.begin());
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : table.header)
    if (!name.empty() && !seen.insert(name).second)
      return Error{Error::Kind::data, table.origin + " has two columns '" + name + "'; rename or remove one of them"};
  // columns at the end that have neither a name nor a cell
  size_t named = table.header.size();
  while (named > 1 && table.header[named - 1].empty()) --named;
  for (const Row& row : rows)
    while (named < table.header.size() && !detail::all_empty(row.cells, named)) ++named;
  table.header.resize(named);
  for (Row& row : rows) {
    if (row.cells.size() > named && detail::all_empty(row.cells, named)) row.cells.resize(named);
    if (row.cells.size() != named) return detail::wrong_length(table, row, separator);
  }
  if (rows.empty())
    return Error{Error::Kind::data, table.origin + " has a header and no rows; a split needs at least one"};
  table.rows = std::move(rows);
  return table;
}

/// Parses a whole file's text, whose first row names the columns.
inline Result<Table> parse(std::string_view text, std::string_view origin, char separator = ',') {
  SXT_TRY(Table table, parse_rows(text, origin, separator));
  return with_header(std::move(table), separator);
}

/// The largest sets that people evaluate on have some hundred MiB; more is a mistaken path or a file with a hole.
inline constexpr uint64_t file_bytes_max = uint64_t{2} << 30;

/// A data file's whole content. One that is missing is an Error of kind missing that names the path looked for.
inline Result<std::string> read_text(const std::filesystem::path& file) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (!std::filesystem::exists(status))
    return Error{Error::Kind::missing, file.string() + " is missing"};
  if (!std::filesystem::is_regular_file(status))
    return Error{Error::Kind::io, file.string() + " is not a regular file; check the path"};
  if (const auto bytes = std::filesystem::file_size(file, code); !code && bytes > file_bytes_max)
    return Error{Error::Kind::io, file.string() + " has " + std::to_string(bytes) + " bytes, more than the " +
                                      std::to_string(file_bytes_max) + " that a data file may have"};
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{Error::Kind::io, "cannot read " + file.string() + "; check its permissions"};
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return Error{Error::Kind::io, "reading " + file.string() + " failed"};
  return text;
}

inline Result<Table> read(const std::filesystem::path& file, char separator = ',') {
  SXT_TRY(const std::string text, read_text(file));
  return parse(text, file.string(), separator);
}

/// Fails on the first of `names` that the header lacks, and lists the columns that there are.
inline Result<void> require_columns(const Table& table, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (table.find(name) == table.header.size())
      return Error{Error::Kind::data,
                   table.origin + " has no column '" + name + "'; its columns are: " + detail::listed(table.header)};
  return {};
}

}  // namespace sextant::csv
