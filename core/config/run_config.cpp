#include "run_config.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "card_parts.hpp"
#include "card_store.hpp"
#include "combinations.hpp"
#include "groups.hpp"
#include "rows.hpp"

namespace sextant::config {
namespace {

constexpr std::pair<Compat, std::string_view> compat_names[] = {
    {Compat::none, "none"},
    {Compat::opencompass, "opencompass"},
    {Compat::opencompass_0_2_4, "opencompass-0.2.4"},
    {Compat::lm_eval, "lm-eval"},
};

}  // namespace

std::string_view compat_name(Compat compat) {
  for (const auto& [value, name] : compat_names)
    if (value == compat) return name;
  return "none";
}

Result<Compat> compat_from_name(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [value, known] : compat_names) {
    if (known == name) return value;
    names.emplace_back(known);
  }
  return Error{Error::Kind::usage,
               fmt::format("compat '{}' is unknown{}; there are: {}", name, did_you_mean(name, names), join(names, ", "))};
}

std::vector<std::string> judges_of(const Judge& judge) {
  std::vector<std::string> out{judge.model};
  out.insert(out.end(), judge.panel.begin(), judge.panel.end());
  return out;
}

std::vector<std::string> all_judges_of(const Judge& judge) {
  std::vector<std::string> out = judges_of(judge);
  if (!judge.meta.empty()) out.push_back(judge.meta);
  return out;
}

std::vector<std::string> deciders_of(const Judge& judge) {
  return judge.meta.empty() ? judges_of(judge) : std::vector<std::string>{judge.meta};
}

Inferencer inferencer_of(const Judge& judge) {
  Inferencer out = judge.inferencer;
  if (judge.retry.empty()) return out;
  json::Document config(rapidjson::kObjectType);
  auto& a = config.GetAllocator();
  json::set(config, "retry", judge.retry, a);
  json::set(config, "metric", component_to_json(judge.metrics.front(), a), a);
  out.id = "verdict";
  out.config = json::write(config);
  return out;
}

const DatasetConfig* find_dataset(const RunConfig& run, std::string_view task_name) {
  // Names are unique, and mostly asked for in the run's order: the search begins where the last one ended, or 10^4 sets would
  // cost its square.
  thread_local size_t last = 0;
  const size_t n = run.datasets.size();
  for (size_t step = 0; step < n; ++step) {
    const size_t place = (last + step) % n;
    if (run.datasets[place].task_name != task_name) continue;
    last = place;
    return &run.datasets[place];
  }
  return nullptr;
}

const ModelConfig* find_model(const RunConfig& run, std::string_view abbr) {
  for (const auto* models : {&run.models, &run.helpers})
    for (const ModelConfig& model : *models)
      if (model.abbr == abbr) return &model;
  return nullptr;
}

std::string to_json(const RunConfig& config) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  const auto add = [&](json::Value& list, const json::Document& item) {
    json::Value value;
    value.CopyFrom(item, a);
    list.PushBack(std::move(value), a);
  };
  json::Value models(rapidjson::kArrayType), datasets(rapidjson::kArrayType), groups(rapidjson::kArrayType);
  for (const ModelConfig& model : config.models) add(models, model_to_json(model));
  for (const DatasetConfig& dataset : config.datasets) add(datasets, dataset_to_json(dataset));
  for (const SummaryGroup& group : config.summarizer.groups) groups.PushBack(group_to_json(group, a), a);
  json::set(out, "models", std::move(models), a);
  if (!config.helpers.empty()) {
    json::Value helpers(rapidjson::kArrayType);
    for (const ModelConfig& model : config.helpers) add(helpers, model_to_json(model));
    json::set(out, "helpers", std::move(helpers), a);
  }
  json::set(out, "datasets", std::move(datasets), a);
  if (!config.combinations.empty()) json::set(out, "model_dataset_combinations", combinations_to_json(config.combinations, a), a);
  json::Value summarizer(rapidjson::kObjectType);
  json::set(summarizer, "name", config.summarizer.name, a);
  json::set(summarizer, "groups", std::move(groups), a);
  json::set(out, "summarizer", std::move(summarizer), a);
  json::set(out, "compat", compat_name(config.compat), a);
  json::set(out, "limit", json::Value(config.limit.value), a);
  json::set(out, "limit_mode", config.limit.random ? "random" : "first", a);
  json::set(out, "seed", json::Value(config.seed), a);
  if (!config.rows.empty()) json::set(out, "rows", rows_to_text(config.rows), a);
  if (!config.exclude.empty()) {
    json::Value exclude(rapidjson::kArrayType);
    for (const Exclusion& exclusion : config.exclude) {
      json::Value value(rapidjson::kObjectType);
      if (!exclusion.dataset.empty()) json::set(value, "dataset", exclusion.dataset, a);
      json::set(value, "index", json::Value(exclusion.row), a);
      exclude.PushBack(std::move(value), a);
    }
    json::set(out, "exclude", std::move(exclude), a);
  }
  json::set(out, "data_dir", config.data_dir, a);
  json::set(out, "allow_missing", json::Value(config.allow_missing), a);
  json::set(out, "dump_eval_details", json::Value(config.dump_eval_details), a);
  return json::write_pretty(out) + "\n";
}

}  // namespace sextant::config
