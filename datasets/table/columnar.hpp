// Parquet and Arrow files as rows of JSON that are read when they are asked for, a few thousand at a time. Needs the library that
// is built with Apache Arrow (datasets/arrow); where it is missing, opening says so. Threads: [owner].
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/result.hpp>
#include "rows.hpp"

namespace sextant::tables {

/// By the name's end: .parquet, .arrow.
bool is_columnar(const std::filesystem::path& file);

class Columnar {
 public:
  static Result<std::shared_ptr<Columnar>> open(const std::filesystem::path& file);
  virtual ~Columnar() = default;
  virtual const std::filesystem::path& path() const = 0;
  virtual uint64_t rows() const = 0;
  /// Columns of the first level, in the file's order.
  virtual const std::vector<std::string>& fields() const = 0;
  /// Those that hold what no prompt can show (bytes), which are not read.
  virtual const std::vector<std::string>& left_out() const = 0;
  /// A sentence that names them; empty where there are none.
  std::string problem() const;
  /// `n` rows from `first` on, in order, each once.
  virtual Result<void> read(uint64_t first, uint64_t n, const std::function<void(std::string_view record_json)>& row) = 0;
};

/// All rows as read_rows() gives them, where all are needed at once.
Result<void> read_columnar(const std::filesystem::path& file, Allocator& allocator, std::vector<Row>& ret_rows,
                           std::vector<std::string>& ret_notes);

}  // namespace sextant::tables
