#include "check_run.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../check/check.hpp"
#include "../check/panel.hpp"
#include "../config/card_store.hpp"
#include "../config/overrides.hpp"
#include "../config/own_chains.hpp"
#include "../store/predictions.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "run_view.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;
namespace fs = std::filesystem;

struct Flags {
  std::string run;
  Texts models, datasets, plugin_path;
  std::vector<config::PluginChoice> extractors;
  bool json = false;
};

struct Refused {
  std::string model, dataset, reason;
};

Result<check::Panel> panel_of_task(plugin::Host& host, const RunView& view, const config::RunConfig& run,
                                   const std::string& model, const std::string& dataset,
                                   const std::vector<config::ExtractorPanel>& panels, const Flags& flags) {
  const config::DatasetConfig* found = config::find_dataset(run, dataset);
  if (!found) return Error{Error::Kind::data, "configs/run.json does not have it"};
  const config::DatasetConfig set = config::as_read_of(run, *found, model);
  if (const store::TaskRecord* task = view.task(model, dataset); !task || task->infer != "complete")
    return Error{Error::Kind::data, fmt::format("it is {}", task ? task->status : "missing")};
  SXT_TRY(const store::Predictions predictions, store::Predictions::open(view.folder->predictions(model, dataset), dataset));
  if (predictions.size() == 0) return Error{Error::Kind::data, "it has no predictions"};
  SXT_TRY(const auto first, predictions.read(0, 1));
  if (!first.front().labels.empty()) return Error{Error::Kind::data, "its labels are scored; no reply is read"};
  SXT_TRY(const auto members, check::members_for(host, set, panels, flags.extractors));
  const score::Attempts attempts{predictions.size(), [&](uint64_t from, uint64_t n) { return predictions.read(from, n); }};
  SXT_TRY(check::Panel panel, check::panel_of(host, set, run.compat, attempts, members));
  panel.model = model;
  return panel;
}

Result<int> check_run(const Flags& flags) {
  SXT_TRY(const RunView view, look_at_run(flags.run));
  SXT_TRY(const config::RunConfig run, config_as_written(view));
  SXT_TRY(const auto panels, config::read_extractor_panels(config::share_folder() / "defaults.json"));
  Workspace workspace("", flags.plugin_path);
  for (const config::PluginChoice& extractor : flags.extractors)
    if (const auto found = workspace.host().registry().find(plugin::Kind::postprocessor, extractor.id); !found)
      return Error{Error::Kind::usage, found.error().message};
  SXT_TRY(const Texts models, chosen(view.models(), flags.models, "model", view.name));
  std::vector<check::Panel> done;
  std::vector<Refused> refused;
  for (const std::string& model : models) {
    SXT_TRY(const Texts datasets, chosen(view.datasets(model), flags.datasets, "data set", view.name));
    for (const std::string& dataset : datasets) {
      if (interrupted()) return static_cast<int>(exit_interrupted);
      auto panel = panel_of_task(workspace.host(), view, run, model, dataset, panels, flags);
      if (panel) done.push_back(*std::move(panel));
      else refused.push_back({model, dataset, panel.error().message});
    }
  }
  std::string text = check::to_text(done);
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType), reasons(rapidjson::kArrayType);
  for (const check::Panel& panel : done) list.PushBack(check::to_json(panel, a), a);
  for (const Refused& one : refused) {
    text += fmt::format("{} | {}: not read again: {}\n", one.model, one.dataset, one.reason);
    json::Value item(rapidjson::kObjectType);
    json::set(item, "model", one.model, a);
    json::set(item, "dataset", one.dataset, a);
    json::set(item, "reason", one.reason, a);
    reasons.PushBack(std::move(item), a);
  }
  json::set(out, "panels", std::move(list), a);
  json::set(out, "refused", std::move(reasons), a);
  const int printed = flags.json ? print_json(json::write(out) + "\n") : print(text);
  if (printed == exit_ok && done.empty())
    return Error{Error::Kind::data, fmt::format("{} holds no replies that a panel of extractors can read", view.name)};
  return printed;
}

}  // namespace

bool names_a_run(const Texts& args) {
  return std::any_of(args.begin(), args.end(), [](const std::string& arg) {
    std::error_code code;
    return !arg.empty() && fs::is_regular_file(fs::path(arg) / "run.json", code);
  });
}

Result<std::vector<check::Finding>> check_configuration(const RunView& view) {
  SXT_CHECK(not_imported(view.config, view.name));
  Workspace workspace("", {});
  config::RunFlags flags;
  flags.config = view.folder->config().string();
  SXT_TRY(const config::Resolved resolved, config::resolve(flags, workspace.world()));
  check::Options options;
  options.work_dir = view.folder->path().parent_path();
  options.cancelled = &interrupted();
  set_log_threshold(LogLevel::error);  // what is said meanwhile is among the findings
  std::vector<check::Finding> out = check::check(workspace.host(), resolved.config, options);
  set_log_threshold(LogLevel::info);
  return out;
}

int check_run_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("run", po::value<std::string>(), "")("model", po::value<Texts>()->value_name("NAME"), "")(
      "dataset", po::value<Texts>()->value_name("NAME"), "")("extractor",
                                                             po::value<Texts>()->multitoken()->value_name("ID[:JSON]..."), "")(
      "plugin-path", po::value<Texts>()->multitoken()->value_name("DIR..."), "")("json", po::bool_switch(), "")(
      "help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("check"));
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  Flags flags{values->count("run") ? (*values)["run"].as<std::string>() : "",
              list("model"),
              list("dataset"),
              list("plugin-path"),
              {},
              (*values)["json"].as<bool>()};
  if (flags.run.empty())
    return fail({Error::Kind::usage, "the folder of a run stands behind an option that takes several values; put it first"});
  for (const std::string& text : list("extractor")) {
    auto choice = config::component_flag(text, "--extractor");
    if (!choice) return fail(choice.error());
    flags.extractors.push_back(*std::move(choice));
  }
  catch_signals();
  const auto code = check_run(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
