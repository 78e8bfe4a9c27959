#include "take_up.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/card_parts.hpp"
#include "../config/combinations.hpp"
#include "../config/pairs.hpp"
#include "../store/run_states.hpp"
#include "differences.hpp"
#include "run_outcome.hpp"
#include "secrets.hpp"

namespace sextant::cli {
namespace {

// A backend's configuration without what no answer depends on; one that is not installed says nothing of it.
json::Document settings_of(const plugin::Registry& registry, const std::string& backend, const json::Value& config) {
  auto settings = json::parse(model_settings(backend, json::write(config), registry), backend);
  return settings ? *std::move(settings) : json::copy(config);
}

Result<json::Document> as_json(const config::RunConfig& run, const plugin::Registry& registry) {
  return json::parse(config::to_json(without_secrets(run, registry)), "the configuration");
}

std::vector<std::string> names_in(const json::Value& config, const char* list, std::initializer_list<const char*> members) {
  std::vector<std::string> out;
  if (const json::Value* items = json::find(config, list); items && items->IsArray())
    for (const auto& item : items->GetArray())
      for (const char* member : members)
        if (const auto name = json::find_string(item, member); name && !name->empty()) {
          out.push_back(*name);
          break;
        }
  return out;
}

// The judges of the data sets by their task names.
std::map<std::string, std::vector<std::string>> judges_by_set(const json::Value& config) {
  std::map<std::string, std::vector<std::string>> out;
  if (const json::Value* sets = json::find(config, "datasets"); sets && sets->IsArray())
    for (const auto& set : sets->GetArray())
      if (const json::Value* eval = json::find(set, "eval"))
        if (const json::Value* judge = json::find(*eval, "judge"))
          out[json::find_string(set, "task_name").value_or("")] = config::judges_in(*judge);
  return out;
}

template <class Part> std::vector<std::string> names_of(const std::vector<Part>& parts, std::string Part::*name) {
  std::vector<std::string> out;
  for (const Part& part : parts) out.push_back(part.*name);
  return out;
}

Result<void> check_names(const std::vector<std::string>& wanted, const std::vector<std::string>& known, const char* what,
                         const store::RunFolder& folder) {
  const std::set<std::string> there(known.begin(), known.end());
  for (const std::string& name : wanted)
    if (!there.contains(name)) {
      constexpr size_t named_max = 12;
      return Error{Error::Kind::usage, fmt::format("the run {} has no {} '{}'{}; it has: {}", folder.path().string(), what,
                                                   name, did_you_mean(name, known), first_names(known, named_max))};
    }
  return {};
}

// How a data set is scored, as `from` has it.
void take_scoring(const config::DatasetConfig& from, config::DatasetConfig& to) {
  to.filters = from.filters;
  to.reference_postprocessors = from.reference_postprocessors;
  to.metrics = from.metrics;
  to.pass_at = from.pass_at;
  to.g_pass_at = from.g_pass_at;
  to.attempt_limit_s = from.attempt_limit_s;
  if (!to.judge || !from.judge) return;
  to.judge->postprocessors = from.judge->postprocessors;
  to.judge->reference = from.judge->reference;
  to.judge->metrics = from.judge->metrics;
  to.judge->vote = from.judge->vote;
  to.judge->by = from.judge->by;
  to.judge->labels = from.judge->labels;
  to.judge->table = from.judge->table;
  to.judge->style = from.judge->style;
  to.judge->gamed = from.judge->gamed;
  to.judge->difficulty = from.judge->difficulty;
}

}  // namespace

Result<std::map<std::pair<std::string, std::string>, store::TaskRecord>> take_up(const config::RunConfig& run,
                                                                                 const store::RunFolder& folder,
                                                                                 store::Earlier& earlier,
                                                                                 const plugin::Registry& registry,
                                                                                 std::optional<store::RunRecord> record) {
  std::map<std::pair<std::string, std::string>, store::TaskRecord> scored;
  std::error_code code;
  if (!std::filesystem::exists(folder.config(), code)) {
    log_warning(fmt::format("{} holds no run yet (configs/run.json is missing); it is taken over", folder.path().string()));
    return scored;
  }
  const auto text = read_file(folder.config(), own_bytes_max);
  const auto before = text ? json::parse(*text, folder.config().string()) : Result<json::Document>(text.error());
  if (!before || !before->IsObject()) {
    log_warning(fmt::format("{} cannot be read, so the settings of this run are unknown; it is written again",
                            folder.config().string()));
    return scored;
  }
  SXT_TRY(const json::Document now, as_json(run, registry));
  const Differences differ = differences(*before, now, [&](const std::string& backend, const json::Value& config) {
    return settings_of(registry, backend, config);
  });
  const std::map<std::string, std::vector<std::string>> judges = judges_by_set(*before);
  size_t kept = 0;
  std::set<std::pair<std::string, std::string>> put_aside;
  const std::vector<std::string> datasets = names_in(*before, "datasets", {"task_name", "abbr"});
  const std::vector<std::string> models = names_in(*before, "models", {"abbr"});
  for (const std::string& model : models)
    for (const std::string& dataset : datasets) {
      const bool asked =
          !config::is_planned(run, model, dataset) || differ.gone_models.contains(model) || differ.gone_datasets.contains(dataset) || differ.asks_otherwise(model, dataset);
      if (!asked && !differ.scores_otherwise(dataset)) continue;
      kept += std::filesystem::exists(asked ? folder.predictions(model, dataset) : folder.results(model, dataset), code);
      put_aside.insert({model, dataset});
      SXT_CHECK(earlier.put(model, dataset, asked));
      const auto judge = judges.find(dataset);
      if (!asked || judge == judges.end()) continue;
      for (const std::string& name : judge->second) {
        SXT_CHECK(earlier.put(name, store::judged_name(dataset, model), true));
        for (const std::string& other : models)   // where pairs are judged: whichever stands first
          for (const std::string& pair : {config::pair_name(model, other), config::pair_name(other, model)})
            SXT_CHECK(earlier.put(name, store::judged_name(dataset, pair), true));
      }
    }
  if (!put_aside.empty()) SXT_CHECK(earlier.put_summary());
  if (const auto sentences = differ.all(); !sentences.empty())
    log_warning(fmt::format("{} was made with other settings: {}{}", folder.path().string(), some_of(sentences),
                            kept == 0 ? std::string()
                                      : fmt::format("; what it held of {} task{} is kept in {}", kept, kept == 1 ? "" : "s",
                                                    earlier.place().string())));
  if (record) {
    settle_record(*record, run);
    for (store::TaskRecord& task : record->tasks)
      if (task.stage.empty() && task.eval == "complete" && !put_aside.contains({task.model, task.dataset}))
        scored.emplace(std::pair(task.model, task.dataset), std::move(task));
  }
  return scored;
}

Result<Stored> stored_run(const RunCommandFlags& flags, const config::RunConfig& given, const store::RunFolder& folder,
                          config::World world, const plugin::Registry& registry) {
  config::RunFlags as_written;
  as_written.config = folder.config().string();
  as_written.as_written = true;
  world.warn = [](const std::string&) {};
  SXT_TRY(config::Resolved resolved, config::resolve(as_written, world));
  Stored out{std::move(resolved.config), {}, {}, {}};
  const auto abbrs = [](const config::RunConfig& run) { return names_of(run.models, &config::ModelConfig::abbr); };
  const auto tasks = [](const config::RunConfig& run) { return names_of(run.datasets, &config::DatasetConfig::task_name); };
  const std::vector<std::string> models = abbrs(given), datasets = tasks(given);
  SXT_CHECK(check_names(models, abbrs(out.run), "model", folder));
  SXT_CHECK(check_names(datasets, tasks(out.run), "data set", folder));
  out.models = {models.begin(), models.end()};
  out.datasets = {datasets.begin(), datasets.end()};

  // where the weights lie and what computes says nothing of answers that are there already
  SXT_TRY(const json::Document before, as_json(out.run, registry));
  SXT_TRY(const json::Document now, as_json(given, registry));
  Differences differ = differences(before, now, [](const std::string&, const json::Value&) {
    json::Document nothing;
    nothing.SetObject();
    return nothing;
  });
  differ.gone_models.clear();
  differ.gone_datasets.clear();
  for (const auto& [dataset, sentences] : differ.scored) out.rescored.insert(dataset);
  differ.scored.clear();
  for (auto& [model, sentences] : differ.models)
    std::erase_if(sentences, [](const std::string& one) {
      return one.starts_with("hf_path ") || one.starts_with("model_path ") || one.starts_with("backend ");
    });
  std::erase_if(differ.models, [](const auto& model) { return model.second.empty(); });
  if (const auto sentences = differ.all(); !sentences.empty())
    return Error{
        Error::Kind::usage,
        fmt::format(
            "-m {}: the run {} was inferred with other settings: {}; leave them as they were, or infer it again with -m all -r",
            flags.mode, folder.path().string(), some_of(sentences))};
  std::map<std::string, const config::DatasetConfig*> sets;
  for (const config::DatasetConfig& dataset : given.datasets) sets.emplace(dataset.task_name, &dataset);
  for (config::DatasetConfig& dataset : out.run.datasets) {
    const auto from = sets.find(dataset.task_name);
    if (from == sets.end()) continue;
    take_scoring(*from->second, dataset);  // even where it is the same: what the command says has its secrets
    if (out.rescored.contains(dataset.task_name)) dataset.version = from->second->version;
  }
  for (auto* models : {&out.run.models, &out.run.helpers})
    for (config::ModelConfig& model : *models)
      if (const config::ModelConfig* from = config::find_model(given, model.abbr)) model.own_chains = from->own_chains;
  if (given.datasets.size() == out.run.datasets.size() && !given.summarizer.groups.empty())
    out.run.summarizer = given.summarizer;
  out.run.allow_missing = out.run.allow_missing || flags.run.allow_missing;
  if (flags.run.dump_eval_details) out.run.dump_eval_details = *flags.run.dump_eval_details;
  return out;
}

}  // namespace sextant::cli
