#include "run_view.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/card_parts.hpp"
#include "../config/pairs.hpp"
#include "../config/resolve.hpp"
#include "../store/run_states.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

template <class Is> const json::Value* entry_of(const json::Value& config, const char* list, const Is& is) {
  const json::Value* entries = json::find(config, list);
  if (!entries || !entries->IsArray()) return nullptr;
  for (const auto& entry : entries->GetArray())
    if (is(entry)) return &entry;
  return nullptr;
}

}  // namespace

std::vector<std::string> RunView::models() const {
  std::vector<std::string> out;
  for (const store::TaskRecord& task : record.tasks)
    if (task.stage.empty() && std::find(out.begin(), out.end(), task.model) == out.end()) out.push_back(task.model);
  return out;
}

std::vector<std::string> RunView::datasets(const std::string& model) const {
  std::vector<std::string> out;
  for (const store::TaskRecord& task : record.tasks)
    if (task.stage.empty() && task.model == model) out.push_back(task.dataset);
  return out;
}

const store::ModelRecord* RunView::model(const std::string& abbr) const {
  for (const store::ModelRecord& model : record.models)
    if (model.abbr == abbr) return &model;
  return nullptr;
}

const store::TaskRecord* RunView::task(const std::string& model, const std::string& dataset) const {
  for (const store::TaskRecord& task : record.tasks)
    if (task.stage.empty() && task.model == model && task.dataset == dataset) return &task;
  return nullptr;
}

compare::JudgedBy judged_by(const config::RunConfig& run, const config::DatasetConfig& dataset) {
  if (!dataset.judge) return {};
  compare::JudgedBy out{config::deciders_of(*dataset.judge), dataset.judge->vote, {}};
  if (!dataset.judge->pairs) return out;
  if (const auto pairs = config::pairs_of(run, dataset))
    for (const auto& [first, second] : *pairs) out.pairs.push_back({first, second, config::pair_name(first, second)});
  return out;
}

const json::Value* RunView::model_entry(const std::string& abbr) const {
  return entry_of(config, "models", [&](const json::Value& model) { return json::find_string(model, "abbr") == abbr; });
}

const json::Value* RunView::dataset_entry(const std::string& dataset) const {
  return entry_of(config, "datasets", [&](const json::Value& set) {
    return json::find_string(set, "task_name").value_or(json::find_string(set, "abbr").value_or("")) == dataset;
  });
}

compare::JudgedBy RunView::judged_by(const std::string& dataset) const {
  const json::Value* set = dataset_entry(dataset);
  const json::Value* eval = set ? json::find(*set, "eval") : nullptr;
  const json::Value* judge = eval ? json::find(*eval, "judge") : nullptr;
  if (!judge) return {};
  auto read = config::judge_from_json(*judge, folder->config().string());
  if (!read) return {};  // of a run that was imported
  config::RunConfig run;
  for (const std::string& model : models()) run.models.emplace_back().abbr = model;
  config::DatasetConfig of_judge;
  of_judge.judge = *std::move(read);
  return cli::judged_by(run, of_judge);
}

namespace {

Result<std::shared_ptr<const store::RunFolder>> open_folder(const std::string& path) {
  std::error_code code;
  if (!fs::exists(path, code))
    return Error{Error::Kind::missing, fmt::format("{} does not exist; give the folder of a run", path)};
  fs::path folder = fs::weakly_canonical(path, code);
  if (folder.filename().empty()) folder = folder.parent_path();  // a slash at the end
  if (!fs::is_regular_file(folder / "run.json", code))
    return Error{
        Error::Kind::data,
        fmt::format("{} is not the folder of a run, for it has no run.json; give the folder that `sextant run` names", path)};
  return std::make_shared<const store::RunFolder>(store::RunFolder::look(std::move(folder)));
}

}  // namespace

Result<RunView> look_at_run(const std::string& path) {
  SXT_TRY(auto held, open_folder(path));
  const store::RunFolder& folder = *held;
  SXT_TRY(store::RunRecord record, store::read_run_record(folder));
  SXT_TRY(const std::string text, read_file(folder.run_json()));
  SXT_TRY(const json::Document run_json, json::parse(text, folder.run_json().string()));
  json::Document config;
  config.SetObject();
  std::error_code code;
  if (std::filesystem::exists(folder.config(), code)) {
    SXT_TRY(const std::string config_text, read_file(folder.config()));
    SXT_TRY(config, json::parse(config_text, folder.config().string()));
  }
  RunView out{std::move(held), std::move(record), std::move(config),
              json::find_string(run_json, "sextant_version").value_or(""), path};
  if (out.models().empty())
    return Error{Error::Kind::data,
                 fmt::format("{} holds no task; nothing was evaluated in that run", out.folder->run_json().string())};
  if (out.record.finished.empty())
    log_warning(fmt::format("{} is at work, or was ended before its time; only what is scored is looked at", path));
  return out;
}

Result<void> not_imported(const json::Value& config, const std::string& run) {
  const json::Value* imported = json::find(config, "imported");
  if (!imported) return {};
  return Error{Error::Kind::usage,
               fmt::format("{} was imported from {}: its model cannot be asked here, nor its replies scored again; `sextant report`, `show` and "
                           "`compare` read it, and a run of your own is `sextant run` with another --work-dir",
                           run, json::find_string(*imported, "from").value_or("elsewhere"))};
}

Result<config::RunConfig> config_as_written(const RunView& view) {
  const config::CardStore no_cards;
  config::World world;
  world.cards = &no_cards;
  world.backend_accepts = [](const std::string&, const std::string&) { return true; };
  world.warn = [](const std::string&) {};
  config::RunFlags flags;
  flags.config = view.folder->config().string();
  flags.as_written = true;
  SXT_TRY(config::Resolved resolved, config::resolve(flags, world));
  return std::move(resolved.config);
}

Result<std::vector<std::string>> chosen(const std::vector<std::string>& names, const std::vector<std::string>& wanted,
                                        const char* what, const std::string& run) {
  if (wanted.empty()) return names;
  std::vector<bool> used(wanted.size());
  std::vector<std::string> out;
  for (const std::string& name : names) {
    bool match = false;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i] == name || glob_match(wanted[i], name)) match = used[i] = true;
    if (match) out.push_back(name);
  }
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!used[i])
      return Error{Error::Kind::usage, fmt::format("{} has no {} '{}'{}; it has {}", run, what, wanted[i],
                                                   did_you_mean(wanted[i], names), first_names(names, 12))};
  return out;
}

Result<std::vector<std::string>> chosen_datasets(const RunView& run, const std::vector<std::string>& models,
                                                 const std::vector<std::string>& wanted) {
  std::vector<std::string> all;
  for (const std::string& model : models)
    for (const std::string& dataset : run.datasets(model))
      if (std::find(all.begin(), all.end(), dataset) == all.end()) all.push_back(dataset);
  return chosen(all, wanted, "data set", run.name);
}

}  // namespace sextant::cli
