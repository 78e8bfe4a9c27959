// Runs that are looked at and left as they are: what compare, gate, show, explain, verify and report have in common.
#pragma once
#include <memory>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "../compare/answers.hpp"
#include "../config/run_config.hpp"
#include "../store/run_folder.hpp"

namespace sextant::cli {

struct RunView {
  std::shared_ptr<const store::RunFolder> folder;
  store::RunRecord record;
  json::Document config;             // configs/run.json; an empty object where there is none
  std::string version;               // of the Sextant that wrote it
  std::string name;                  // as it was given

  /// Evaluated models and their data sets, in the order of run.json.
  std::vector<std::string> models() const;
  std::vector<std::string> datasets(const std::string& model) const;
  const store::ModelRecord* model(const std::string& abbr) const;
  const store::TaskRecord* task(const std::string& model, const std::string& dataset) const;
  /// Entries of `config`; null where there is none.
  const json::Value* model_entry(const std::string& abbr) const;
  const json::Value* dataset_entry(const std::string& dataset) const;
  /// Who judges a data set.
  compare::JudgedBy judged_by(const std::string& dataset) const;
};

/// The same of a configuration.
compare::JudgedBy judged_by(const config::RunConfig& run, const config::DatasetConfig& dataset);

/// Takes no lock: a run that is at work may be looked at, and one that is looked at may be taken up. What is written there
/// meanwhile replaces whole files, so that nothing half-written is read.
Result<RunView> look_at_run(const std::string& path);

/// An Error where configs/run.json says that the run was imported: nothing of it can be asked or scored again.
Result<void> not_imported(const json::Value& config, const std::string& run);

/// configs/run.json as it was written: no card, flag or model is asked.
Result<config::RunConfig> config_as_written(const RunView& view);

/// `wanted` (names or patterns; empty: all) of `names`, in their order. One that matches none is an Error of kind usage that
/// names the nearest.
Result<std::vector<std::string>> chosen(const std::vector<std::string>& names, const std::vector<std::string>& wanted,
                                        const char* what, const std::string& run);
/// The data sets of these models, each once, of which `wanted` is chosen in the same way.
Result<std::vector<std::string>> chosen_datasets(const RunView& run, const std::vector<std::string>& models,
                                                 const std::vector<std::string>& wanted);

}  // namespace sextant::cli
