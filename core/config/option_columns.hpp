// Which columns of a data set are the options of its questions. Pure.
#pragma once
#include <string>
#include <vector>
#include "run_config.hpp"

namespace sextant::config {

/// As the template's "choices" has them, else input columns whose names end in A, B, ..., else a list called choices or options,
/// else {A}, {B}, ... in the template. One column: it holds a list of them. Empty: not known.
std::vector<std::string> option_columns(const DatasetConfig& set);

}  // namespace sextant::config
