// `sextant explain A B`: why two runs score differently, stage by stage.
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../explain/explain.hpp"
#include "commands.hpp"
#include "compare_runs.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

struct ExplainFlags {
  Texts runs, models, datasets, plugin_path;
  bool json = false;
};

Result<int> run_explain(const ExplainFlags& flags) {
  std::vector<RunView> views;
  for (const std::string& path : flags.runs) {
    SXT_TRY(RunView view, look_at_run(path));
    SXT_CHECK(not_imported(view.config, path));
    views.push_back(std::move(view));
  }
  SXT_TRY(const auto pairs, subjects(views, flags.models));
  if (pairs.size() > 1)
    return Error{Error::Kind::usage,
                 fmt::format("the runs have several models in common, {} and {} among them; name one with --model",
                             pairs[0].first.model, pairs[1].first.model)};
  const auto& [first, second] = pairs.front();
  SXT_TRY(const config::RunConfig config_a, config_as_written(*first.run));
  SXT_TRY(const config::RunConfig config_b, config_as_written(*second.run));
  const explain::Side a{&config_a, first.run->folder.get(), &first.run->record, first.model, first.run->version};
  const explain::Side b{&config_b, second.run->folder.get(), &second.run->record, second.model, second.run->version};
  Texts common;
  for (const std::string& name : first.run->datasets(first.model))
    if (second.run->task(second.model, name)) common.push_back(name);
  if (common.empty()) return Error{Error::Kind::data, "the runs have no data set in common; there is nothing to explain"};
  SXT_TRY(const Texts wanted, chosen(common, flags.datasets, "data set", "what both runs have"));
  Workspace workspace("", flags.plugin_path);
  json::Document out(rapidjson::kObjectType);
  json::Value list(rapidjson::kArrayType);
  std::string text;
  size_t refused = 0;
  for (const std::string& name : wanted) {
    const explain::Explanation one = explain::explain(workspace.host(), a, b, name);
    refused += !one.refused.empty();
    list.PushBack(explain::to_json(one, out.GetAllocator()), out.GetAllocator());
    text += explain::to_text(one);
  }
  json::set(out, "explanations", std::move(list), out.GetAllocator());
  const int printed = flags.json ? print_json(json::write(out) + "\n") : print(text);
  return printed != exit_ok ? printed : static_cast<int>(refused == wanted.size() ? exit_data : exit_ok);
}

}  // namespace

int explain_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("runs", po::value<Texts>(), "")("model", po::value<Texts>()->value_name("NAME"), "")(
      "dataset", po::value<Texts>()->value_name("NAME"), "")(
      "plugin-path", po::value<Texts>()->multitoken()->value_name("DIR..."), "")("json", po::bool_switch(), "")(
      "help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "runs", -1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("explain"));
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  const ExplainFlags flags{list("runs"), list("model"), list("dataset"), list("plugin-path"), (*values)["json"].as<bool>()};
  if (flags.runs.empty() || flags.runs.size() > 2)
    return fail({Error::Kind::usage, "name two runs' folders, or one that has two models: sextant explain A B"});
  const auto code = run_explain(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
