#include "task_cards.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <unistd.h>
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/card_store.hpp"
#include "../sandbox/plan.hpp"
#include "../tasks/card.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

Result<std::vector<fs::path>> roots_of(const config::RunFlags& flags) {
  std::vector<fs::path> roots;
  for (const std::string& folder : flags.include_path) {
    std::error_code code;
    if (!fs::is_directory(folder, code)) return usage(fmt::format("--include-path {} is not a folder", folder));
    roots.emplace_back(folder);
  }
  const auto is_place = [](const std::string& name) {
    std::error_code code;
    return name.ends_with(".yaml") || name.ends_with(".yml") || fs::is_directory(name, code);
  };
  if (roots.empty() && !std::all_of(flags.tasks.begin(), flags.tasks.end(), is_place))
    return usage(
        "--tasks by name needs --include-path DIR, the folder of the task files; where lm-eval is installed: python -c "
        "\"import lm_eval, os; "
        "print(os.path.dirname(lm_eval.__file__) + '/tasks')\"");
  return roots;
}

// The program behind --task-python. A script that looks for Python (pyenv's, conda's) would start processes, which a sandbox forbids.
Result<std::string> python_of(const std::string& given) {
  const std::string name = given.empty() ? "python3" : given;
  const std::string file = name.find('/') == name.npos ? sandbox::find_program(name) : fs::absolute(name).string();
  if (file.empty() || ::access(file.c_str(), X_OK) != 0 || fs::is_directory(file))
    return usage(fmt::format(
        "--task-python {}: there is no such program; name the Python whose environment has lm_eval and datasets", name));
  std::ifstream in(file, std::ios::binary);
  if (in.get() == '#' && in.get() == '!')
    return usage(fmt::format(
        "--task-python {} is a script ({}), which would have to start Python from inside the sandbox; name that Python "
        "itself: {} -c 'import sys; print(sys.executable)' prints it",
        name, file, name));
  return file;
}

// What keeps tasks from running, in one sentence for all.
Result<void> check_runnable(const std::vector<tasks::TaskFile>& files, bool allow_code) {
  std::vector<std::string> code, lacking;
  bool allowed_would_do = true;
  for (const tasks::TaskFile& file : files) {
    if (!file.lacks.empty()) lacking.push_back(fmt::format("{} ({})", file.name, file.lacks.front()));
    else if (allow_code && file.beyond.empty()) continue;
    else if (allow_code) code.push_back(fmt::format("{} ({})", file.name, join(file.beyond, "; ")));
    else if (!file.code.empty())
      allowed_would_do = allowed_would_do && file.beyond.empty(),
      code.push_back(fmt::format("{} ({})", file.name, join(file.code, "; ")));
  }
  if (lacking.empty() && code.empty()) return {};
  std::string what;
  if (!code.empty())
    what = fmt::format("{} of the tasks need Python code, which is not run{}: {}", code.size(),
                       allow_code ? " even with --allow-task-code" : "", first_names(code, 3));
  if (!lacking.empty())
    what +=
        fmt::format("{}{} of the tasks cannot be run: {}", what.empty() ? "" : "; ", lacking.size(), first_names(lacking, 3));
  const bool help = !allow_code && !code.empty() && lacking.empty() && allowed_would_do;
  return usage(what + (help ? "; give --allow-task-code --task-python PYTHON, which runs it in a sandbox, or leave them out "
                              "(`sextant list tasks DIR` "
                              "shows which run)"
                            : "; leave them out (`sextant list tasks DIR` shows which run)"));
}

}  // namespace

std::function<bool(const std::string&)> metric_finder(const plugin::Registry& registry) {
  return [&registry](const std::string& name) { return bool(registry.find(plugin::Kind::metric, name)); };
}

Result<config::TaskCards> task_cards(const config::RunFlags& flags, const plugin::Registry& registry,
                                     const config::Defaults::Tasks& components) {
  SXT_TRY(const std::vector<fs::path> roots, roots_of(flags));
  if (flags.fewshot_as_multiturn != "" && flags.fewshot_as_multiturn != "true" && flags.fewshot_as_multiturn != "false")
    return usage(fmt::format("--fewshot-as-multiturn is '{}'; it must be true or false", flags.fewshot_as_multiturn));
  tasks::CardOptions options;
  options.shots = flags.shots;
  options.chat = !flags.chat_template.empty() && flags.chat_template != "none";
  options.multiturn = flags.fewshot_as_multiturn != "false";
  options.gen_prefix = flags.gen_prefix;
  options.sampling = flags.generation_kwargs.empty();
  options.fewshot_seed = flags.seed.value_or(options.fewshot_seed);
  if (!options.chat && !flags.fewshot_as_multiturn.empty())
    log_warning("--fewshot-as-multiturn changes nothing without --chat-template");

  tasks::TaskFolder folder = tasks::TaskFolder::open(roots);
  SXT_TRY(tasks::Selection selection, tasks::select(folder, flags.tasks));
  std::vector<tasks::TaskFile> files;
  for (const tasks::ChosenTask& chosen : selection.tasks) {
    SXT_TRY(tasks::TaskFile file, tasks::read_task(chosen, metric_finder(registry)));
    for (const std::string& note : file.notes) log_warning(fmt::format("{}: {}", file.name, note));
    files.push_back(std::move(file));
  }
  if (files.empty()) return usage(fmt::format("{} name no task", join(flags.tasks, ", ")));
  SXT_CHECK(check_runnable(files, flags.allow_task_code));
  tasks::TaskCode code;
  const auto needs = [](const tasks::TaskFile& file) { return file.program.any(); };
  const bool any = std::any_of(files.begin(), files.end(), needs);
  if (flags.allow_task_code && !any) log_warning("--allow-task-code changes nothing: none of these tasks needs Python");
  if (flags.allow_task_code && any) {
    SXT_TRY(std::string python, python_of(flags.task_python));
    code = {std::move(python), (config::share_folder() / "task_code.py").string(), {}};
    std::error_code missing;
    if (!fs::exists(code.script, missing))
      return Error{Error::Kind::missing, fmt::format("{} does not exist; install Sextant again (meson install)", code.script)};
    for (const fs::path& root : roots) code.folders.push_back(fs::absolute(root).lexically_normal().string());
  }

  config::TaskCards out;
  for (const tasks::TaskFile& file : files) {
    if (file.program.whole && !flags.system_prompt.empty())
      return usage(fmt::format("{} is a class ({}), which makes its prompts itself; leave --system-prompt out", file.name, file.path.string()));
    SXT_TRY(json::Document card,
            tasks::card_of(file, options, {components.loader, components.template_, components.filter, components.exact_match},
                           code));
    out.cards.push_back({file.name, file.path.string(), std::move(card)});
  }
  for (const tasks::ChosenGroup& group : selection.groups)
    out.groups.push_back({group.alias, group.tasks, {}, group.by_size, group.metrics});
  return out;
}

}  // namespace sextant::cli
