// --custom-dataset-path: a file of questions becomes a data set without a card. docs/custom_datasets.md
#pragma once
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include <sextant/result.hpp>
#include "run_config.hpp"

namespace sextant::config {

struct RunFlags;
struct World;

/// What the file's loader says that it is.
struct CustomFile {
  std::string kind;                 // mcq, qa
  std::string question, answer;     // columns; no answer: predictions are made and not scored
  std::vector<std::string> labels;  // mcq: of all rows' options
  bool in_question = false;         // the options stand in the question's text
  bool regular = true;  // each option is a column that is called like its label, and every row has all of them; else
                        // the rows have the lists choice_labels and choice_texts
  std::vector<std::string> fields, columns;  // of any row; of every row
  std::vector<std::string> partial;          // option columns that some row lacks
  std::vector<std::string> notes, warnings;
};
/// From the loader's describe(): its member "reading". `loader` is named where that is missing.
Result<CustomFile> custom_file_from_json(const json::Value& about, const std::string& loader);

/// The data set of --custom-dataset-path. A .meta.json next to the file (or --custom-dataset-meta-path) may say what the file
/// is; the flags win over it.
Result<DatasetConfig> custom_dataset(const RunFlags& flags, const World& world);

}  // namespace sextant::config
