// Opens Parquet and Arrow files with Apache Arrow: rows as record batches of a few thousand, only the columns that are wanted,
// from the part of the file on that holds the wanted row. What a file claims is validated before anybody follows it.
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include "arrow_stream.h"

namespace {

constexpr int64_t batch_rows = 1024;             // few, so that little is decoded that nobody asked for
constexpr int64_t bytes_max = int64_t{4} << 30;  // that a file may take at once, whatever it claims

arrow::MemoryPool* pool() {
  static arrow::CappedMemoryPool capped(arrow::system_memory_pool(), bytes_max);
  return &capped;
}

// Batches that were validated. What they come from lives as long as this.
class Checked : public arrow::RecordBatchReader {
 public:
  explicit Checked(std::shared_ptr<arrow::RecordBatchReader> inner, std::shared_ptr<void> source = nullptr)
      : source_(std::move(source)), inner_(std::move(inner)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
    return *batch ? (*batch)->ValidateFull() : arrow::Status::OK();
  }

 private:
  std::shared_ptr<void> source_;
  std::shared_ptr<arrow::RecordBatchReader> inner_;
};

// The batches of an Arrow file.
class Batches : public arrow::RecordBatchReader {
 public:
  explicit Batches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (next_ >= file_->num_record_batches()) return batch->reset(), arrow::Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

struct Opened {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  uint64_t first = 0, rows = 0;
};

bool wanted(const sextant_arrow_request& request, std::string_view name) {
  return !request.columns ||
         std::any_of(request.columns, request.columns + request.n_columns, [&](const char* one) { return name == one; });
}

arrow::Result<Opened> open_parquet(const sextant_arrow_request& request) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(request.path, pool()));
  parquet::ReaderProperties properties(pool());
  properties.enable_buffered_stream();   // a column's pages one after the other
  parquet::ArrowReaderProperties how;
  how.set_batch_size(batch_rows);
  how.set_use_threads(false);
  how.set_pre_buffer(false);
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(file, properties));
  builder.memory_pool(pool())->properties(how);
  std::unique_ptr<parquet::arrow::FileReader> made;
  ARROW_RETURN_NOT_OK(builder.Build(&made));
  const std::shared_ptr<parquet::arrow::FileReader> reader = std::move(made);
  const auto metadata = reader->parquet_reader()->metadata();
  Opened out;
  std::vector<int> groups, columns;
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    const int64_t rows = metadata->RowGroup(group)->num_rows();
    if (rows < 0) return arrow::Status::Invalid("a row group has a negative number of rows");
    const uint64_t end = out.rows + static_cast<uint64_t>(rows);
    if (end < out.rows) return arrow::Status::Invalid("the row groups have more rows than can be counted");
    if (groups.empty() && end > request.from) out.first = out.rows;
    if (end > request.from) groups.push_back(group);
    out.rows = end;
  }
  for (int i = 0; i < metadata->num_columns(); ++i)
    if (wanted(request, metadata->schema()->Column(i)->path()->ToDotVector().front())) columns.push_back(i);
  ARROW_ASSIGN_OR_RAISE(auto batches, reader->GetRecordBatchReader(groups, columns));
  out.reader = std::make_shared<Checked>(std::move(batches), reader);
  return out;
}

arrow::Result<Opened> open_arrow(const sextant_arrow_request& request) {
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::MemoryMappedFile::Open(request.path, arrow::io::FileMode::READ));
  ARROW_ASSIGN_OR_RAISE(const auto begin, file->ReadAt(0, 6));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = pool();
  options.use_threads = false;
  Opened out;
  if (begin->ToString() == "ARROW1") {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, reader->CountRows());
    out.rows = static_cast<uint64_t>(rows);
    out.reader = std::make_shared<Checked>(std::make_shared<Batches>(reader));
    return out;
  }
  const auto open = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ARROW_RETURN_NOT_OK(file->Seek(0));
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(file, options));
    return reader;
  };
  std::shared_ptr<arrow::RecordBatch> batch;
  uint64_t skipped = 0;
  ARROW_ASSIGN_OR_RAISE(auto counted, open());
  for (uint64_t batches = 0;; ++batches) {
    ARROW_RETURN_NOT_OK(counted->ReadNext(&batch));
    if (!batch) break;
    out.rows += static_cast<uint64_t>(batch->num_rows());
    if (out.rows <= request.from) skipped = batches + 1, out.first = out.rows;
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, open());
  for (uint64_t i = 0; i < skipped; ++i) ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  out.reader = std::make_shared<Checked>(std::move(reader));
  return out;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int sextant_arrow_open_1(const sextant_arrow_request* request,
                                                                           ArrowArrayStream* ret_stream, uint64_t* ret_first,
                                                                           uint64_t* ret_rows, char* reterr,
                                                                           size_t reterr_bytes) {
  const auto failed = [&](const std::string& what) {
    std::snprintf(reterr, reterr_bytes, "%s", what.c_str());
    return 1;
  };
  try {
    auto opened = std::string_view(request->path).ends_with(".parquet") ? open_parquet(*request) : open_arrow(*request);
    if (!opened.ok()) return failed(opened.status().message());
    *ret_first = opened->first;
    *ret_rows = opened->rows;
    const arrow::Status exported = arrow::ExportRecordBatchReader(std::move(opened->reader), ret_stream);
    return exported.ok() ? 0 : failed(exported.message());
  } catch (const std::exception& e) { return failed(e.what()); }
}
