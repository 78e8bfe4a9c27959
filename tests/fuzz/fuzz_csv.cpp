// A fuzz target: any bytes as a CSV and as a TSV file. What is taken must be a table, and what is written of it must read back.
#include <cstdlib>
#include <sextant/csv.hpp>
#include <sextant/file_dataset.hpp>
#include <sextant/json.hpp>

using namespace sextant;

namespace {

std::string quoted(const std::string& cell, char separator) {
  std::string out = "\"";
  for (const char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"" + separator;
}
std::string to_csv(const csv::Table& table, char separator) {
  std::string out;
  const auto add = [&](const std::vector<std::string>& cells) {
    for (const std::string& cell : cells) out += quoted(cell, separator);
    out.back() = '\n';
  };
  add(table.header);
  for (const csv::Row& row : table.rows) add(row.cells);
  return out;
}

void use(std::string_view text, char separator) {
  auto table = csv::parse(text, "fuzz.csv", separator);
  if (!table) {
    if (table.error().message.find("fuzz.csv") == std::string::npos) std::abort();
    return;
  }
  for (const csv::Row& row : table->rows)
    if (row.cells.size() != table->header.size() || row.line == 0) std::abort();
  const auto again = csv::parse(to_csv(*table, separator), "again", separator);
  if (!again || again->header != table->header || again->rows.size() != table->rows.size()) std::abort();
  for (size_t i = 0; i < again->rows.size(); ++i)
    if (again->rows[i].cells != table->rows[i].cells) std::abort();
  for (const std::string& record : to_records(*table).json)
    if (!json::parse(record, "a record")) std::abort();
  if (csv::require_columns(*table, {"question", "A", "B", "answer"}))
    static_cast<void>(check_answers(*table, {"A", "B"}, "answer", true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  use(text, ',');
  use(text, '\t');
  return 0;
}
