// The components that are taken where nobody names one. Which these are stands in a data file that is installed with the
// cards (core/defaults.json): the program itself knows no plugin by name.
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::config {

struct Defaults {
  std::vector<std::string> backends;        // what "auto" means: the first one that is installed
  struct CustomDataset {                    // of --custom-dataset-path
    std::string loader, template_, metric;
    std::string option_postprocessor;       // of generated answers to multiple-choice questions; its "options" are filled in
    std::string label_postprocessor = "first_label";  // where the options' labels are not capital letters; its "labels" are filled in
  } custom_dataset;
  struct Tasks {                            // of --tasks
    std::string loader, template_, filter, exact_match;
  } tasks;
};

/// share_folder() / "defaults.json"; an Error names it and what is missing.
Result<Defaults> read_defaults(const std::filesystem::path& file);

}  // namespace sextant::config
