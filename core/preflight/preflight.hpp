// What can be known of a run before a model is loaded: every component is made once with its configuration, every row is read,
// a prompt of every shape is rendered, lengths and destinations are compared. `run`, `--dry-run` and -m eval ask here, so that
// they say the same and nothing that was knowable is found after hours of computing (docs/adr/0022). What it says is printed by
// the caller.
#pragma once
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <vector>
#include "../config/run_config.hpp"
#include "../load/data.hpp"
#include "../plugin/components.hpp"

namespace sextant::preflight {

struct Finding {
  std::string subject;                    // a data set's task name or a model's abbr; empty: the run
  Error error;
};
struct Report {
  std::vector<Finding> refusals;          // mistakes of the configuration: nothing is run
  std::vector<Finding> unfit;             // data sets that cannot be run, by their task names, each once; the others can
  std::vector<Finding> unfit_models;      // likewise, by their abbrs
  std::vector<Finding> warnings;          // the kind of the error means nothing
  std::vector<std::string> partly;        // data sets, by their task names, of whose rows the first alone were looked at
  std::map<std::string, load::TaskData> data;  // rows of sets by their task names, read and checked: as many as may be held
};

struct Options {
  bool evaluates = true;                  // -m infer: no answer is needed, no scorer made
  std::filesystem::path work_dir;         // where the run's folder is made, or lies
  const std::atomic<bool>* cancelled = nullptr;
  uint64_t rows_at_first = 0;             // of a larger set no more rows than these are looked at; 0: all
  bool keeps_rows = false;                // the report has the rows of sets that were looked at whole
};

/// Looks at everything, whatever is wrong with some of it. An interrupt ends it early.
Report check(plugin::Host& host, const config::RunConfig& run, const Options& options);

/// For -m eval: the scorers of every set.
Report check_scoring(plugin::Host& host, const config::RunConfig& run);

}  // namespace sextant::preflight
