// The loader `hub`: a data set of the Hugging Face hub as its cache or a folder holds it, or files as the library `datasets`
// reads them.
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
  Result<void> process(std::vector<Row>& rows, Allocator& a) const;
  Result<Records> written_out() const;   // the split "samples" of the configuration
  Result<Records> columns_of(const std::vector<std::filesystem::path>& paths, const std::string& split) const;
  Result<Records> processed(Records all) const;
  Reading reading_;
};

/// Makes of a CSV file's texts what pandas makes of them: a column of numbers or of True and False is one, and what stands for
/// nothing is null.
void infer_types(std::vector<Row>& rows);
/// Every row gets every column: null where it has none.
void unite_columns(std::vector<Row>& rows, Allocator& a);

inline constexpr char hub_schema[] = R"({
  "type": "object", "additionalProperties": false, "required": ["path", "repo"],
  "properties": {
    "path": {"type": "string", "description": "set by the core: the set's folder in the hub's cache, or one with its files"},
    "repo": {"type": "string", "description": "org/name on the hub, or the builder (json, csv) where the files lie anywhere"},
    "name": {"type": "string", "description": "the configuration"},
    "revision": {"type": "string", "description": "a branch, tag or commit; default: main"},
    "local": {"type": "boolean", "description": "path is where relative file names begin"},
    "data_files": {"description": "by split, or one split's, which is called train: names and patterns"},
    "data_dir": {"type": "string", "description": "the folder below the set's that its files lie in"},
    "format": {"enum": ["auto", "csv", "json"], "default": "auto", "description": "auto: by the files' names"},
    "field": {"type": "string", "description": "json: the path of the list of rows"},
    "header": {"type": "boolean", "default": true, "description": "csv: whether the first line names the columns"},
    "columns": {"type": "array", "items": {"type": "string"}, "description": "csv: the columns' names by position"},
    "process": {"type": "object", "required": ["source", "name"], 
      "description": "what is done to each split's rows: source and name of a function of a data set"},
    "samples": {"type": "array", "items": {"type": "object"}, "description": "rows of a split called samples"}
  }})";

}  // namespace sextant::tables
