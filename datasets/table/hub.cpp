#include "hub.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <sextant/message_text.hpp>
#include <sextant/python_function.hpp>
#include "columnar.hpp"
#include "options.hpp"
#include "unpack.hpp"

namespace sextant::tables {
namespace fs = std::filesystem;
namespace {

constexpr const char* samples_split = "samples";

// pandas' list of what stands for nothing
constexpr std::array nothing =
    std::to_array<std::string_view>({"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
                                     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"});
bool is_nothing(std::string_view text) { return std::find(nothing.begin(), nothing.end(), text) != nothing.end(); }

std::optional<int64_t> whole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}
std::optional<double> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && !text.empty() && std::isfinite(value) ? std::optional(value)
                                                                                                          : std::nullopt;
}
bool is_truth(std::string_view text) { return text == "True" || text == "TRUE" || text == "true"; }
bool is_false(std::string_view text) { return text == "False" || text == "FALSE" || text == "false"; }

std::string format_of(const TextFile& file, const std::string& given) {
  const std::string& text = file.text;
  const std::string end = fs::path(file.name).extension().string();
  if (given == "csv") return end == ".tsv" ? "tsv" : "csv";
  if (end == ".csv" || end == ".tsv") return end.substr(1);
  // .json may hold lines, too: then its first line is a whole object
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] == '[') return "json";
  const std::string_view first = std::string_view(text).substr(begin, text.find('\n', begin) - begin);
  json::Document line;
  return json::parse_into<json::strict_flags>(line, first).IsError() ? "json" : "jsonl";
}

}  // namespace

Hub::Hub(Context from) : FileDataset(std::move(from)) {
  const json::Value& config = context.config();
  reading_.format = context.text("format", "auto");
  reading_.header = json::find_bool(config, "header").value_or(true);
  reading_.member = context.text("field");
  if (const json::Value* columns = json::find(config, "columns"); columns && columns->IsArray())
    for (const auto& column : columns->GetArray())
      reading_.columns.emplace_back(column.IsString() ? json::text(column) : std::string_view());
}

HubSet Hub::set() const {
  const json::Value& config = context.config();
  HubSet out{context.text("repo"),
             context.text("name"),
             context.text("revision"),
             folder(),
             json::find(config, "data_files"),
             context.text("data_dir"),
             false};
  out.local = json::find_bool(config, "local").value_or(false);
  return out;
}

std::vector<std::string> Hub::splits() const {
  std::vector<std::string> out;
  if (const auto files = hub_files(set()))
    for (const auto& [split, paths] : *files) out.push_back(split);
  if (out.empty()) out = {"test", "validation", "train"};   // reading says what is wrong
  return out;
}

Result<Records> Hub::written_out() const {
  Records out;
  out.file = "the task's own rows (fewshot_config.samples)";
  const json::Value* samples = json::find(context.config(), "samples");
  if (samples)
    for (const auto& row : samples->GetArray()) out.json.push_back(json::write(row));
  return out;
}

Result<Records> Hub::load(std::string_view split) const {
  if (split == samples_split && json::find(context.config(), "samples")) return written_out();
  const HubSet of = set();
  SXT_TRY(const Splits files, hub_files(of));
  const auto found = std::find_if(files.begin(), files.end(), [&](const auto& each) { return each.first == split; });
  if (found == files.end()) {
    std::vector<std::string> names;
    for (const auto& [name, paths] : files) names.push_back(name);
    return Error{Error::Kind::missing, fmt::format("the data set {} has no split '{}'{}; it has: {}", of.repo, split,
                                                   did_you_mean(split, names), join(names, ", "))};
  }
  if (std::any_of(found->second.begin(), found->second.end(), is_columnar)) return columns_of(found->second, found->first);
  json::Document owner;
  auto& a = owner.GetAllocator();
  std::vector<Row> rows;
  std::vector<std::string> notes;
  Records out;
  for (const fs::path& file : found->second) {
    SXT_TRY(const std::vector<TextFile> texts, read_texts(file));
    for (const TextFile& one : texts) {
      Reading reading = reading_;
      reading.format = format_of(one, reading_.format);
      std::vector<Row> own;
      SXT_CHECK(read_rows(one.path, one.text, reading, a, own, notes));
      if (reading.format == "csv" || reading.format == "tsv") infer_types(own);
      std::move(own.begin(), own.end(), std::back_inserter(rows));
      out.bytes += one.text.size();
    }
  }
  unite_columns(rows, a);
  out.file = found->second.front().string();
  SXT_CHECK(process(rows, a));
  if (rows.empty())
    return Error{Error::Kind::data,
                 fmt::format("the task's process_docs leaves no row of the split '{}' of {} ({})", split, of.repo, out.file)};
  out.fields = Columns(rows).names();
  for (const Row& row : rows) out.json.push_back(json::write(row.record));
  return out;
}

// A split of Parquet or Arrow files: read as its rows are asked for, unless the task looks at each of them first.
Result<Records> Hub::columns_of(const std::vector<fs::path>& paths, const std::string& split) const {
  Records out;
  out.file = paths.front().string();
  std::vector<std::pair<uint64_t, std::shared_ptr<Columnar>>> files;   // with their first rows
  for (const fs::path& path : paths) {
    if (!is_columnar(path))
      return Error{Error::Kind::data, fmt::format("the split '{}' has {} beside {}; its files must be of one format", split,
                                                  path.string(), paths.front().string())};
    SXT_TRY(auto file, Columnar::open(path));
    std::error_code code;
    out.bytes += fs::file_size(path, code);
    if (out.fields.empty()) out.fields = file->fields();
    if (file->fields() != out.fields)
      return Error{Error::Kind::data, fmt::format("{} has other columns than {}", path.string(), paths.front().string())};
    if (const std::string problem = file->problem(); !problem.empty()) out.problems.push_back(problem);
    const uint64_t rows = file->rows();
    files.emplace_back(out.rows, std::move(file));
    out.rows += rows;
  }
  if (out.rows == 0) return Error{Error::Kind::data, fmt::format("{} holds no rows; a split needs at least one", out.file)};
  out.read = [files](uint64_t first, uint64_t n, const std::function<void(std::string_view)>& row) -> Result<void> {
    for (const auto& [begin, file] : files) {
      const uint64_t from = std::max(first, begin), to = std::min(first + n, begin + file->rows());
      if (from < to) SXT_CHECK(file->read(from - begin, to - from, row));
    }
    return {};
  };
  return json::find(context.config(), "process") ? processed(std::move(out)) : Result<Records>(std::move(out));
}

// The rows that are left of it, in the memory.
Result<Records> Hub::processed(Records all) const {
  Records out;
  out.file = all.file;
  out.bytes = all.bytes;
  out.problems = all.problems;
  constexpr uint64_t rows_at_once = 1000;
  for (uint64_t first = 0; first < all.rows; first += rows_at_once) {
    json::Document owner;
    auto& a = owner.GetAllocator();
    std::vector<Row> rows;
    std::optional<Error> error;
    uint64_t number = first;
    SXT_CHECK(all.read(first, std::min(rows_at_once, all.rows - first), [&](std::string_view record) {
      json::Document document(&a);
      if (json::parse_into<json::strict_flags>(document, record).IsError() && !error)
        error = data_error(fmt::format("{}: row {} is no JSON", all.file, number));
      rows.push_back({fmt::format("{}, row {}: ", all.file, number++), json::Value(document, a), {}});
    }));
    if (error) return *error;
    SXT_CHECK(process(rows, a));
    if (out.fields.empty() && !rows.empty()) out.fields = Columns(rows).names();
    for (const Row& row : rows) out.json.push_back(json::write(row.record));
  }
  if (out.json.empty())
    return Error{Error::Kind::data, fmt::format("the task's process_docs leaves no row of {}", out.file)};
  return out;
}

// What the task does to a split's rows before anything else.
Result<void> Hub::process(std::vector<Row>& rows, Allocator& a) const {
  const json::Value* given = json::find(context.config(), "process");
  if (!given) return {};
  SXT_TRY(const auto steps, python::RowSteps::load(json::find_string(*given, "source").value_or(""),
                                                   json::find_string(*given, "name").value_or(""), "process_docs"));
  std::vector<Row> kept;
  for (Row& row : rows) {
    const auto keep = steps.apply(row.record, a);
    if (!keep) return Error{keep.error().kind, row.place + keep.error().message};
    if (*keep) kept.push_back(std::move(row));
  }
  rows = std::move(kept);
  unite_columns(rows, a);
  return {};
}

void unite_columns(std::vector<Row>& rows, Allocator& a) {
  const Columns columns(rows);
  if (std::all_of(columns.all.begin(), columns.all.end(), [&](const auto& column) { return column.rows == rows.size(); }))
    return;
  for (Row& row : rows)
    for (const auto& column : columns.all)
      if (!json::find(row.record, column.name)) json::set(row.record, column.name, json::Value(), a);
}

void infer_types(std::vector<Row>& rows) {
  const Columns columns(rows);
  for (const auto& column : columns.all) {
    bool wholes = true, numbers = true, truths = true, empty = false;
    size_t filled = 0;
    for (const Row& row : rows) {
      const json::Value* value = json::find(row.record, column.name);
      if (!value || !value->IsString()) continue;
      const std::string_view text = json::text(*value);
      if (is_nothing(text)) {
        empty = true;
        continue;
      }
      ++filled;
      wholes = wholes && whole(text);
      numbers = numbers && number(text);
      truths = truths && (is_truth(text) || is_false(text));
    }
    for (Row& row : rows) {
      const auto member = row.record.FindMember(json::Value(rapidjson::StringRef(column.name.data(), column.name.size())));
      if (member == row.record.MemberEnd() || !member->value.IsString()) continue;
      const std::string_view text = json::text(member->value);
      if (is_nothing(text)) member->value.SetNull();
      else if (filled == 0) continue;
      else if (wholes && !empty) member->value.SetInt64(*whole(text));
      else if (numbers) member->value.SetDouble(*number(text));
      else if (truths && !empty) member->value.SetBool(is_truth(text));
    }
  }
}

}  // namespace sextant::tables
