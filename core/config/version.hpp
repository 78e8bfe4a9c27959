// A data set's version in a run: six digits that change with everything in the configuration that an answer or a score depends
// on, by what it says and not by what it is called (docs/files.md). Which model is asked, on what it computes and what the
// data's files hold is not in it: the columns of the table, run.json and the rows say that.
#pragma once
#include <functional>
#include <string>
#include <vector>
#include "run_config.hpp"

namespace sextant::config {

struct VersionNeeds {
  /// A copy without secrets.
  std::function<DatasetConfig(const DatasetConfig&)> without_secrets;
  /// A backend's configuration without what no answer depends on; a JSON object's text.
  std::function<std::string(const std::string& backend, const std::string& config)> settings;
  /// The keys of a backend's configuration that say which model it is or on what it computes, not how it is asked.
  std::function<std::vector<std::string>(const std::string& backend)> identity;
  /// Prompts of that inferencer are answered by generating; unknown ones count as such.
  std::function<bool(const std::string& inferencer)> generates;
};

/// Of the card alone.
std::string version_of(const DatasetConfig& dataset);
/// Of the run's data sets, with all that the run says. Every member of `needs` may be empty.
void set_versions(RunConfig& run, const VersionNeeds& needs);

}  // namespace sextant::config
