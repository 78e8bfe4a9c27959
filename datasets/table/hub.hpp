// The loader `hub`: a data set of the Hugging Face hub as its cache or a folder holds it, or files as the library `datasets` reads them.
#pragma once
#include <sextant/file_dataset.hpp>
#include "hub_files.hpp"
#include "rows.hpp"

namespace sextant::tables {

struct Hub : FileDataset {
  explicit Hub(Context from);

 protected:
  std::vector<std::string> splits() const override;
  Result<Records> load(std::string_view split) const override;

 private:
  using Splits = std::vector<std::pair<std::string, std::vector<std::filesystem::path>>>;
  HubSet set() const;
  Result<Records> written_out() const;   // the split "samples" of the configuration
  Reading reading_;
};

/// Makes of a CSV file's texts what pandas makes of them: a column of numbers or of True and False is one, and what stands for nothing is null.
void infer_types(std::vector<Row>& rows);
/// Every row gets every column: null where it has none.
void unite_columns(std::vector<Row>& rows, Allocator& a);

extern const char* const hub_schema;

}  // namespace sextant::tables
