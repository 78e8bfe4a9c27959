#include "combinations.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include "../base/text.hpp"
#include "card_parts.hpp"

namespace sextant::config {
namespace {

constexpr size_t named_max = 8;  // in a message

template <class Names> bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The task names that a member of "datasets" means.
std::vector<std::string> sets_named(const RunConfig& run, const std::string& text) {
  std::vector<std::string> out;
  for (const DatasetConfig& dataset : run.datasets)
    if (glob_match(text, dataset.task_name) || glob_match(text, dataset.abbr) || text == dataset.card)
      out.push_back(dataset.task_name);
  return out;
}

// Names that are in no combination leave the run.
template <class Part>
void leave_out(std::vector<Part>& parts, std::string Part::*name, const std::set<std::string>& named, const char* what,
               const std::function<void(const std::string&)>& warn) {
  std::vector<std::string> left;
  for (const Part& part : parts)
    if (!named.contains(part.*name)) left.push_back(part.*name);
  if (left.empty()) return;
  std::erase_if(parts, [&](const Part& part) { return !named.contains(part.*name); });
  if (warn)
    warn(fmt::format("no member of \"model_dataset_combinations\" names the {}{} {}, which {} left out", what,
                     left.size() > 1 ? "s" : "", first_names(left, named_max), left.size() > 1 ? "are" : "is"));
}

}  // namespace

Result<void> take_combinations(const json::Value& list, const std::string& origin,
                               const std::function<void(const std::string&)>& warn, RunConfig& ret_run) {
  if (list.Empty()) return card_error(origin, "\"model_dataset_combinations\" is empty, and nothing would be run; leave it out");
  std::vector<std::string> models, sets;
  for (const ModelConfig& model : ret_run.models) models.push_back(model.abbr);
  for (const DatasetConfig& dataset : ret_run.datasets) sets.push_back(dataset.task_name);
  std::set<std::string> named_models, named_sets;
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    const std::string place = fmt::format("model_dataset_combinations[{}]", i);
    Combination one;
    for (const std::string& model : texts_of(json::find(list[i], "models"))) {
      if (!has(models, model))
        return card_error(origin, fmt::format("{} names the model '{}', which this run does not have{}; it has: {}", place, model,
                                              did_you_mean(model, models), first_names(models, named_max)));
      if (!has(one.models, model)) one.models.push_back(model);
    }
    std::set<std::string> meant;
    for (const std::string& text : texts_of(json::find(list[i], "datasets"))) {
      const std::vector<std::string> found = sets_named(ret_run, text);
      if (found.empty())
        return card_error(origin,
                          fmt::format("{} names the data set '{}', which this run does not have{}; it has: {}", place, text,
                                      did_you_mean(text, sets), first_names(sets, named_max)));
      meant.insert(found.begin(), found.end());
    }
    if (one.models.empty() || meant.empty())
      return card_error(origin, fmt::format("{} names no {}; name one, or leave it out", place,
                                            one.models.empty() ? "model" : "data set"));
    one.datasets.assign(meant.begin(), meant.end());
    named_models.insert(one.models.begin(), one.models.end());
    named_sets.insert(meant.begin(), meant.end());
    ret_run.combinations.push_back(std::move(one));
  }
  leave_out(ret_run.models, &ModelConfig::abbr, named_models, "model", warn);
  leave_out(ret_run.datasets, &DatasetConfig::task_name, named_sets, "data set", warn);
  return {};
}

json::Value combinations_to_json(const std::vector<Combination>& combinations, json::Document::AllocatorType& a) {
  json::Value out(rapidjson::kArrayType);
  for (const Combination& combination : combinations) {
    json::Value one(rapidjson::kObjectType);
    json::set(one, "models", list_of(combination.models, a), a);
    json::set(one, "datasets", list_of(combination.datasets, a), a);
    out.PushBack(std::move(one), a);
  }
  return out;
}

bool is_planned(const RunConfig& run, const std::string& model, const std::string& task_name) {
  return run.combinations.empty() ||
         std::any_of(run.combinations.begin(), run.combinations.end(), [&](const Combination& one) {
           return has(one.models, model) && std::binary_search(one.datasets.begin(), one.datasets.end(), task_name);
         });
}

std::vector<std::string> models_on(const RunConfig& run, const DatasetConfig& dataset) {
  std::vector<std::string> out;
  for (const ModelConfig& model : run.models)
    if (is_planned(run, model.abbr, dataset.task_name)) out.push_back(model.abbr);
  return out;
}

}  // namespace sextant::config
