// A run that is taken up again with -r: what it was made with, what differs now, and what becomes of what it holds.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include "../config/resolve.hpp"
#include "../plugin/registry.hpp"
#include "../store/earlier.hpp"
#include "options.hpp"

namespace sextant::cli {

/// For -m all and infer, before the new configuration is written: results of other settings, or of models and data sets that
/// are not in the run any more, go to earlier/<n>, and a warning says which settings those are. `record`: run.json of before.
/// Returns its scores that still hold, by model and task.
Result<std::map<std::pair<std::string, std::string>, store::TaskRecord>> take_up(const config::RunConfig& run,
                                                                                 const store::RunFolder& folder,
                                                                                 store::Earlier& earlier,
                                                                                 const plugin::Registry& registry,
                                                                                 std::optional<store::RunRecord> record);

/// For -m eval and viz: the run as its folder has it, scored and shown as the flags say.
struct Stored {
  config::RunConfig run;
  std::set<std::string> datasets, models;      // that were named, by task name and abbr
  std::set<std::string> rescored;              // data sets that are scored otherwise than before
};
/// `given`: what the flags and files of the command come to. An error where they name a model or data set that the run does not
/// have, or settings of inference that it was not made with.
Result<Stored> stored_run(const RunCommandFlags& flags, const config::RunConfig& given, const store::RunFolder& folder,
                          config::World world, const plugin::Registry& registry);

}  // namespace sextant::cli
