// People's verdicts on some of a set's samples, from a file of JSON lines (docs/judges.md): what a judge is compared with.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include "../config/run_config.hpp"

namespace sextant::score {

struct Label {
  std::string model, against;            // against: of pairs, the one that is compared; `value` is the share of `model`
  uint64_t row = 0;
  uint32_t repeat = 0;
  double value = 0;
  std::optional<std::string> prediction, prediction2;   // what the person saw
  size_t line = 0;
};

/// Those of that set; lines of other sets and of models that the run does not have are passed over and counted. An Error names file
/// and line. A file without any for the set is an Error, too, which says what it holds.
struct Labels {
  std::filesystem::path path;
  std::vector<Label> all;
  uint64_t others = 0;
};
Result<Labels> read_labels(const config::RunConfig& run, const config::DatasetConfig& dataset);

}  // namespace sextant::score
