// What `sextant verify` can tell from a run's files alone: the scores made again from the predictions, and the programs that
// made them.
#pragma once
#include <string>
#include <vector>
#include "../plugin/components.hpp"
#include "run_view.hpp"

namespace sextant::cli {

struct FileChecks {
  uint64_t scored = 0, same = 0;  // tasks that were scored again; those that came out as run.json and the results file have it
  struct Other {
    std::string model, dataset, what;
  };
  std::vector<Other> others;       // those that did not
  std::vector<std::string> notes;  // what may explain a difference, and what was not looked at: a sentence each
};

/// Nothing is written. Judged sets and sets whose score runs programs are noted and passed over.
Result<FileChecks> check_files(plugin::Host& host, const RunView& view, const config::RunConfig& run,
                               const std::vector<std::string>& models, const std::vector<std::string>& datasets);

}  // namespace sextant::cli
