// Whether a set's rows are still what they were when a model was asked about them: -m eval scores what the run holds.
#pragma once
#include <optional>
#include <string>
#include "../config/run_config.hpp"
#include "../plugin/components.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

/// A sentence where rows of the data differ from those in `model`'s predictions; nothing where they are alike, or where the
/// data cannot be read any more.
std::optional<std::string> changed_data(plugin::Host& host, const config::RunConfig& run, const config::DatasetConfig& dataset,
                                        const store::RunFolder& folder, const std::string& model);

}  // namespace sextant::cli
