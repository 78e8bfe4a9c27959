// `sextant check`: what is wrong with an evaluation, before it has cost anything.
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../check/check.hpp"
#include "check_run.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "secrets.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

size_t count_of(const std::vector<check::Finding>& findings, check::Severity severity) {
  size_t out = 0;
  for (const check::Finding& finding : findings) out += finding.severity == severity;
  return out;
}

std::string as_json(const std::vector<check::Finding>& findings) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value list(rapidjson::kArrayType);
  for (const check::Finding& finding : findings) list.PushBack(check::to_json(finding, a), a);
  json::set(out, "findings", std::move(list), a);
  json::set(out, "errors", json::Value(static_cast<uint64_t>(count_of(findings, check::Severity::error))), a);
  json::set(out, "warnings", json::Value(static_cast<uint64_t>(count_of(findings, check::Severity::warning))), a);
  json::set(out, "notes", json::Value(static_cast<uint64_t>(count_of(findings, check::Severity::note))), a);
  return json::write(out) + "\n";
}

Result<int> run_check(const RunCommandFlags& flags) {
  Workspace workspace(flags.config_dir, flags.plugin_path);
  workspace.warn_about_problems();
  for (const std::string& warning : flags.warnings) log_warning(warning);
  config::World world = workspace.world();
  const auto installed = world.default_model;
  bool no_model = false;
  world.default_model = [&]() -> Result<std::string> {
    auto path = installed();
    if (path) return path;
    no_model = true;  // data, prompts and scorers can be looked at all the same
    return std::string();
  };
  SXT_TRY(const config::Resolved resolved, config::resolve(flags.run, world));
  if (no_model)
    log_warning(
        "no model is named and the default one is not here, so that tokens and chat templates are not looked at; give "
        "--model-path FILE.gguf");
  check::Options options;
  options.work_dir = flags.run.work_dir.empty() ? resolved.work_dir : flags.run.work_dir;
  options.models = !no_model;
  options.cancelled = &interrupted();
  // what the checks themselves say of it is among the findings
  if (!flags.debug) set_log_threshold(LogLevel::error);
  const std::vector<check::Finding> findings = check::check(workspace.host(), resolved.config, options);
  if (interrupted()) return static_cast<int>(exit_interrupted);
  const size_t errors = count_of(findings, check::Severity::error);
  std::string text = check::to_text(findings);
  const auto counted = [](size_t n, const char* what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
  text += fmt::format("{} checked: {}, {}, {}\n", counted(resolved.config.datasets.size(), "data set"),
                      counted(errors, "error"), counted(count_of(findings, check::Severity::warning), "warning"),
                      counted(count_of(findings, check::Severity::note), "note"));
  if (const int printed = flags.json ? print_json(as_json(findings)) : print(text); printed != exit_ok) return printed;
  return static_cast<int>(errors > 0 ? exit_data : exit_ok);
}

}  // namespace

int check_command(const std::vector<std::string>& args) {
  if (names_a_run(args)) return check_run_command(args);
  const auto values = parse_options(args, check_options(), "config");
  if (!values) return fail(values.error());
  const auto flags = run_flags(*values);
  if (!flags) return fail(flags.error());
  if (flags->help) return print(help_text("check"));
  set_log_threshold(flags->debug ? LogLevel::debug : flags->quiet ? LogLevel::warning : LogLevel::info);
  catch_signals();
  const auto code = run_check(*flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
