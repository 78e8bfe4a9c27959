// Which models run on which data sets ("model_dataset_combinations" of docs/configuration.md). What no combination names is not
// asked, and is no part of the run.
#pragma once
#include <functional>
#include <string>
#include <vector>
#include <sextant/json.hpp>
#include "run_config.hpp"

namespace sextant::config {

/// Reads the combinations into `ret_run`, whose models and data sets are known. Models are named by their abbrs, data sets by
/// their names in the table, globs over these, or their cards; an Error names what the run does not have. Models and data sets
/// that are in no combination leave the run; `warn` says which.
Result<void> take_combinations(const json::Value& list, const std::string& origin,
                               const std::function<void(const std::string&)>& warn, RunConfig& ret_run);
json::Value combinations_to_json(const std::vector<Combination>& combinations, json::Document::AllocatorType& a);

/// Does the model run on the set of that task name?
bool is_planned(const RunConfig& run, const std::string& model, const std::string& task_name);
/// The abbrs of the models that run on it, in the run's order.
std::vector<std::string> models_on(const RunConfig& run, const DatasetConfig& dataset);

}  // namespace sextant::config
