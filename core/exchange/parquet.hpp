// A Parquet file of plain columns, written a group of rows at a time: no compression, no dictionaries, every cell may be
// missing. What reads Parquet reads it; Apache Arrow is not needed. Threads: [owner].
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>
#include "../base/file_parts.hpp"

namespace sextant::exchange {

class ParquetWriter {
 public:
  enum class Kind { whole, real, text };
  struct Column {
    std::string name;
    Kind kind;
  };
  /// Nothing, or a value of the column's kind.
  using Cell = std::variant<std::monostate, int64_t, double, std::string>;

  static Result<ParquetWriter> open(const std::filesystem::path& path, std::vector<Column> columns);
  /// A cell for each column. One of another kind is written as missing.
  Result<void> row(const std::vector<Cell>& cells);
  Result<void> commit();

 private:
  struct Pending {
    std::vector<bool> given;
    std::string values;
  };
  struct Chunk {
    int64_t offset, bytes;
  };
  struct Group {
    int64_t rows, bytes;
    std::vector<Chunk> chunks;
  };
  ParquetWriter(FileWriter file, std::vector<Column> columns)
      : file_(std::move(file)), columns_(std::move(columns)), pending_(columns_.size()) {}
  Result<void> put(std::string_view bytes);
  Result<void> end_group();
  FileWriter file_;
  std::vector<Column> columns_;
  std::vector<Pending> pending_;
  std::vector<Group> groups_;
  int64_t at_ = 0, rows_ = 0, waiting_ = 0;
  size_t waiting_bytes_ = 0;
};

}  // namespace sextant::exchange
