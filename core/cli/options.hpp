// Command lines: `sextant run`'s flags (shared with `prompt`), and the small parser that all commands use.
#pragma once
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>
#include <vector>
#include "../config/resolve.hpp"

namespace sextant::cli {

namespace po = boost::program_options;

/// --config-dir names a folder, or nothing.
Result<void> check_config_dir(const std::string& folder);

/// Parses `args`; `positional` names the option that takes bare words (empty: none are allowed), at most `positional_max`
/// (-1: any number). An unknown option's error suggests the nearest. Options in `optional_values` may stand without a value
/// ("--reuse" or "--reuse TS"). A value that is itself an option ("-w --quiet"), or empty, is an error.
Result<po::variables_map> parse_options(const std::vector<std::string>& args, const po::options_description& options,
                                        const char* positional = "", int positional_max = 1,
                                        const std::vector<std::string>& optional_values = {});

/// `sextant run`'s flags beyond those that make the RunConfig.
struct RunCommandFlags {
  config::RunFlags run;
  std::string mode = "all";
  bool reuse = false;
  std::string reuse_timestamp;
  std::string config_dir, color;
  std::vector<std::string> plugin_path;
  std::vector<std::string> fail_under;   // DATASET[,METRIC]=X
  std::string baseline;                  // a run's folder; empty: none
  std::optional<double> margin;          // points that this run may be worse
  bool sequential = false;
  bool dry_run = false, debug = false, quiet = false, json = false, cache = false;
  // `prompt` only
  std::optional<uint64_t> index;
  bool tokens = false;
  std::string predictions;             // a run's folder: its answers are shown to the judge
  bool help = false;
  std::vector<std::string> warnings;   // flags that change nothing here
};
po::options_description run_options();
po::options_description prompt_options();     // run's, less what concerns running, and -n, --tokens
po::options_description check_options();      // the same that make a configuration, and where a run would write
Result<RunCommandFlags> run_flags(const po::variables_map& values);

/// Where `sextant run`'s options with an optional value are listed for parse_options.
const std::vector<std::string>& run_optional_values();

}  // namespace sextant::cli
