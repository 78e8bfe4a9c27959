#include "columnar.hpp"
#include <algorithm>
#include <dlfcn.h>
#include <fmt/format.h>
#include <optional>
#include "arrow_json.hpp"

namespace sextant::tables {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t rows_max = 50'000'000;      // of a file: what is evaluated is far smaller, and a row's number takes memory
constexpr uint64_t walk_max = 20'000;          // rows that are passed over rather than looked for anew
constexpr const char* library = "readers/arrow_stream.so";

// The library lies below the folder that this plugin lies in.
Result<sextant_arrow_open_function*> find_library() {
  Dl_info here{};
  static const char anchor = 0;
  if (dladdr(&anchor, &here) == 0 || !here.dli_fname)
    return Error{Error::Kind::internal, "the folder of the loader's plugin cannot be found"};
  const fs::path path = fs::path(here.dli_fname).parent_path() / library;
  std::error_code code;
  if (!fs::exists(path, code))
    return Error{Error::Kind::missing,
                 "this build reads neither Parquet nor Arrow, because Apache Arrow was not there when it was built; install the "
                 "Python package pyarrow and build again, or write the file as JSON lines"};
  void* loaded = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded)
    return Error{Error::Kind::missing,
                 fmt::format("{} cannot be loaded ({}); it needs the libraries of Apache Arrow that it was built with",
                             path.string(), dlerror())};
  const auto found = reinterpret_cast<sextant_arrow_open_function*>(dlsym(loaded, SEXTANT_ARROW_OPEN));
  if (!found)
    return Error{Error::Kind::missing, fmt::format("{} is of another version; build it again", path.string())};
  return found;
}

class File : public Columnar {
 public:
  File(fs::path path, sextant_arrow_open_function* open) : path_(std::move(path)), open_(open) {}
  ~File() override { close(); }

  Result<void> prepare() {
    SXT_CHECK(go_to(0));
    for (int64_t i = 0; i < type_.n_children; ++i) {
      const ArrowSchema& column = *type_.children[i];
      (is_readable(column) ? fields_ : left_out_).emplace_back(column.name ? column.name : "");
    }
    if (fields_.empty()) return bad("it has no column that can be shown in a prompt");
    if (rows_ > rows_max) return bad(fmt::format("it says that it has {} rows; at most {} are read", rows_, rows_max));
    std::vector<std::string> sorted = fields_;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
      return bad(fmt::format("it has two columns of the name '{}'", *twice));
    close();   // the next time without what is left out
    return {};
  }
  uint64_t rows() const override { return rows_; }
  const std::vector<std::string>& fields() const override { return fields_; }
  const std::vector<std::string>& left_out() const override { return left_out_; }
  const fs::path& path() const override { return path_; }

  Result<void> read(uint64_t first, uint64_t n, const std::function<void(std::string_view)>& row) override {
    if (n == 0) return {};
    if (!stream_.release || first < batch_first_ || first > batch_first_ + length() + walk_max) SXT_CHECK(go_to(first));
    rapidjson::StringBuffer buffer;
    for (uint64_t at = first; at < first + n; ++at) {
      while (at >= batch_first_ + length()) SXT_CHECK(next_batch());
      buffer.Clear();
      json::Writer writer(buffer);
      write_row(type_, batch_, static_cast<int64_t>(at - batch_first_), writer);
      row({buffer.GetString(), buffer.GetSize()});
    }
    return {};
  }

 private:
  uint64_t length() const { return batch_.release ? static_cast<uint64_t>(batch_.length) : 0; }
  Error bad(const std::string& what) const {
    return {Error::Kind::data, fmt::format("{} cannot be read: {}", path_.string(), what)};
  }
  void drop_batch() {
    if (batch_.release) batch_.release(&batch_);
    batch_ = {};
  }
  void close() {
    drop_batch();
    if (type_.release) type_.release(&type_);
    if (stream_.release) stream_.release(&stream_);
    type_ = {};
    stream_ = {};
  }
  Result<void> go_to(uint64_t row) {
    close();
    std::vector<const char*> names;
    for (const std::string& field : fields_) names.push_back(field.c_str());
    const sextant_arrow_request request{path_.c_str(), names.empty() ? nullptr : names.data(), names.size(), row};
    char error[1000] = "";
    if (open_(&request, &stream_, &batch_first_, &rows_, error, sizeof error) != 0) return bad(error);
    if (stream_.get_schema(&stream_, &type_) != 0) return bad(last_error());
    return {};
  }
  Result<void> next_batch() {
    batch_first_ += length();
    drop_batch();
    if (stream_.get_next(&stream_, &batch_) != 0) {
      const std::string why = last_error();
      close();
      return bad(why);
    }
    if (!batch_.release) {
      close();
      return bad(fmt::format("it ends before row {}, though it says that it has {} rows", batch_first_, rows_));
    }
    return {};
  }
  std::string last_error() {
    const char* text = stream_.get_last_error(&stream_);
    return text ? text : "no reason is given";
  }

  const fs::path path_;
  sextant_arrow_open_function* const open_;
  std::vector<std::string> fields_, left_out_;
  uint64_t rows_ = 0;
  ArrowArrayStream stream_{};
  ArrowSchema type_{};
  ArrowArray batch_{};
  uint64_t batch_first_ = 0;   // the row that the batch begins with, or the next one would
};

}  // namespace

bool is_columnar(const fs::path& file) { return file.extension() == ".parquet" || file.extension() == ".arrow"; }

std::string Columnar::problem() const {
  if (left_out().empty()) return {};
  std::string names;
  for (const std::string& name : left_out()) names += (names.empty() ? "" : ", ") + name;
  return fmt::format("{}: columns of bytes or of types without a text are not read: {}", path().string(), names);
}

Result<void> read_columnar(const fs::path& file, Allocator& a, std::vector<Row>& ret_rows, std::vector<std::string>& ret_notes) {
  SXT_TRY(const auto columnar, Columnar::open(file));
  std::optional<Error> error;
  uint64_t number = 0;
  SXT_CHECK(columnar->read(0, columnar->rows(), [&](std::string_view record) {
    json::Document document;
    const auto parsed = json::parse_into<json::strict_flags>(document, record);
    if (parsed.IsError() && !error) error = data_error(fmt::format("{}, row {}: it is no JSON", file.string(), number));
    ret_rows.push_back({fmt::format("{}, row {}: ", file.string(), number++), json::Value(document, a), {}});
  }));
  if (error) return *error;
  if (const std::string problem = columnar->problem(); !problem.empty()) ret_notes.push_back(problem);
  return {};
}

Result<std::shared_ptr<Columnar>> Columnar::open(const fs::path& file) {
  static const Result<sextant_arrow_open_function*> found = find_library();
  if (!found) return Error{found.error().kind, fmt::format("{}: {}", file.string(), found.error().message)};
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return Error{Error::Kind::missing, file.string() + " is missing, or is no file"};
  auto out = std::make_shared<File>(file, *found);
  SXT_CHECK(out->prepare());
  return std::shared_ptr<Columnar>(std::move(out));
}

}  // namespace sextant::tables
