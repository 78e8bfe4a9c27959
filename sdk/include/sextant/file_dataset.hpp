// The base of loaders whose splits are files: derive from FileDataset, say where a split lies and how it is read; describe(),
// count() and read() follow. A split's file is read once and kept. Threads: [owner].
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/csv.hpp>
#include <sextant/sdk.hpp>

namespace sextant {

/// One split: JSON objects whose members stand in the order of `fields`.
struct Records {
  std::string file;                  // where they came from
  uint64_t bytes = 0;                // of that file
  std::vector<std::string> fields;
  std::vector<std::string> json;
  /// Where rows are read as they are asked for, instead of `json`: how many there are, and what reads `n` from `first` on, which
  /// are never more than there are.
  uint64_t rows = 0;
  std::function<Result<void>(uint64_t first, uint64_t n, const std::function<void(std::string_view record_json)>& row)> read =
      nullptr;
  std::vector<std::string> problems = {};   // what was left out of them, a sentence each
  uint64_t size() const { return read ? rows : json.size(); }
};

/// Each row as an object of strings, members in the header's order.
inline Records to_records(const csv::Table& table) {
  Records out{table.origin, table.bytes, table.header, {}};
  for (const csv::Row& row : table.rows) {
    rapidjson::StringBuffer buffer;
    json::Writer writer(buffer);
    writer.StartObject();
    for (size_t i = 0; i < table.header.size(); ++i) {
      writer.Key(table.header[i].data(), static_cast<rapidjson::SizeType>(table.header[i].size()));
      writer.String(row.cells[i].data(), static_cast<rapidjson::SizeType>(row.cells[i].size()));
    }
    writer.EndObject();
    out.json.emplace_back(buffer.GetString(), buffer.GetSize());
  }
  return out;
}

/// Multiple choice: every answer is the name of an option column (or empty, where a split has no published answers). The
/// error names file, line, the row's id where there is one, and the value.
inline Result<void> check_answers(const csv::Table& table, const std::vector<std::string>& options,
                                  std::string_view answer_column, bool may_be_empty) {
  const size_t answer = table.find(answer_column), id = table.find("id");
  for (const csv::Row& row : table.rows) {
    const std::string& value = row.cells.at(answer);
    if ((value.empty() && may_be_empty) || std::find(options.begin(), options.end(), value) != options.end()) continue;
    return Error{Error::Kind::data, csv::place(table.origin, row.line) +
                                        (id < row.cells.size() ? "id " + row.cells[id] + ": " : "") + "the answer '" + value +
                                        "' is not one of the options " + csv::detail::listed(options)};
  }
  return {};
}

class FileDataset : public Dataset {
 public:
  using Dataset::Dataset;

  std::string describe() override {
    std::vector<const Records*> found;
    json::Document out(rapidjson::kObjectType);
    auto& allocator = out.GetAllocator();
    json::Value counts(rapidjson::kObjectType), fields(rapidjson::kArrayType), files(rapidjson::kArrayType),
        problems(rapidjson::kArrayType);
    const auto string = [&](std::string_view s) {
      return json::Value(s.data(), static_cast<rapidjson::SizeType>(s.size()), allocator);
    };
    std::optional<Error> first_error;
    for (const std::string& split : splits()) {
      const Result<const Records*> loaded = records(split);
      if (!loaded) {
        // a split that nobody asked for must not stop the others
        if (loaded.error().kind != Error::Kind::missing) problems.PushBack(string(loaded.error().message), allocator);
        if (!first_error || (first_error->kind == Error::Kind::missing && loaded.error().kind != Error::Kind::missing))
          first_error = loaded.error();
        continue;
      }
      counts.AddMember(string(split), json::Value((*loaded)->size()), allocator);
      for (const std::string& problem : (*loaded)->problems) problems.PushBack(string(problem), allocator);
      found.push_back(*loaded);
    }
    if (found.empty() && first_error) throw PluginError(*first_error);
    std::vector<std::string> names, paths;
    std::set<std::string_view> known;
    for (const Records* part : found) {
      for (const std::string& field : part->fields)
        if (known.insert(field).second) names.push_back(field);
      if (std::find(paths.begin(), paths.end(), part->file) != paths.end()) continue;
      paths.push_back(part->file);
      json::Value file(rapidjson::kObjectType);
      file.AddMember("path", string(part->file), allocator).AddMember("bytes", json::Value(part->bytes), allocator);
      files.PushBack(file, allocator);
    }
    for (const std::string& name : names) fields.PushBack(string(name), allocator);
    out.AddMember("splits", counts, allocator).AddMember("fields", fields, allocator).AddMember("files", files, allocator);
    if (!problems.Empty()) out.AddMember("problems", problems, allocator);
    return json::write(out);
  }
  uint64_t count(std::string_view split) override { return or_throw(records(split))->size(); }
  void read(std::string_view split, uint64_t first, uint64_t n, const Sink& ret_record_json) override {
    const Records& all = *or_throw(records(split));
    if (first > all.size() || n > all.size() - first)
      throw DataError(all.file + " has " + std::to_string(all.size()) + " records; " + std::to_string(n) + " from " +
                      std::to_string(first) + " on are too many");
    if (all.read) {
      uint64_t i = 0;
      return or_throw(all.read(first, n, [&](std::string_view record) { ret_record_json(i++, record); }));
    }
    for (uint64_t i = 0; i < n; ++i) ret_record_json(i, all.json[first + i]);
  }

 protected:
  /// The splits that the set may have, the ones asked for most first.
  virtual std::vector<std::string> splits() const = 0;
  /// Reads one split. A file that is missing is an Error of kind missing that names it.
  virtual Result<Records> load(std::string_view split) const = 0;
  /// The split under whose name this one's records are read and kept: that of a file that is every split, once for all of them.
  virtual std::string source_of(std::string_view split) const { return std::string(split); }
  std::filesystem::path folder() const { return context.text("path"); }

 private:
  Result<const Records*> records(std::string_view split) {
    const std::string source = source_of(split);
    auto it = cache_.find(source);
    if (it == cache_.end()) {
      SXT_TRY(Records loaded, load(source));
      it = cache_.emplace(source, std::move(loaded)).first;
    }
    return &it->second;
  }
  std::map<std::string, Records> cache_;     // by source
};

}  // namespace sextant
