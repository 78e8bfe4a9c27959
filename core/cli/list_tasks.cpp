// `sextant list tasks`: every task of some folders, and whether it can be run.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sextant/printable.hpp>
#include "../base/exit_code.hpp"
#include "../base/text.hpp"
#include "../tasks/task_file.hpp"
#include "commands.hpp"
#include "task_cards.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace fs = std::filesystem;
namespace {

struct Line {
  std::string name, verdict, why, output, path;
  bool with_code = false;  // it runs with --allow-task-code
};

// A task's own name stands for nothing else: no group's keys are put over it.
Line line_of(tasks::TaskFolder& folder, const tasks::Entry& entry, const std::function<bool(const std::string&)>& has_metric) {
  Line line{entry.name, "broken", "", "", entry.path.string()};
  auto keys = folder.read(entry.path);
  if (!keys) return line.why = keys.error().message, line;
  json::remove(*keys, {"tag", "task_list", "group"});
  const auto file = tasks::read_task({entry.name, entry.path, std::move(*keys)}, has_metric);
  if (!file) return line.why = file.error().message, line;
  line.output = tasks::output_name(file->output);
  line.verdict = !file->lacks.empty() ? "lacks" : !file->code.empty() ? "code" : "runs";
  line.with_code = line.verdict == "code" && file->beyond.empty();
  line.why = join(file->lacks.empty() ? file->code : file->lacks, "; ");
  return line;
}

}  // namespace

int list_tasks(const std::vector<std::string>& words, bool as_json, const plugin::Registry& registry) {
  std::vector<fs::path> roots;
  std::vector<std::string> patterns;
  for (const std::string& word : words) {
    std::error_code code;
    if (fs::is_directory(word, code)) roots.emplace_back(word);
    else patterns.push_back(word);
  }
  if (roots.empty())
    return fail({Error::Kind::usage, "name the folder of the task files: `sextant list tasks DIR [PATTERN...]`"});
  tasks::TaskFolder folder = tasks::TaskFolder::open(roots);
  const auto has_metric = metric_finder(registry);
  std::map<std::string, size_t> counts;
  std::string out;
  size_t width = 4;
  std::vector<Line> lines;
  const auto wanted = [&](const std::string& name) {
    return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
             return glob_match(pattern.find_first_of("*?") != pattern.npos ? pattern : "*" + pattern + "*", name);
           });
  };
  for (const auto& [name, entry] : folder.entries()) {
    if (!wanted(name)) continue;
    if (entry.kind == tasks::Kind::group) {
      ++counts["group"];
      continue;
    }
    lines.push_back(line_of(folder, entry, has_metric));
    ++counts[lines.back().verdict];
    counts["allowed"] += lines.back().with_code;
    width = std::max(width, name.size());
  }
  for (const Line& line : lines) {
    if (as_json)
      out += fmt::format(
          "{{\"task\":{},\"verdict\":\"{}\",\"with_task_code\":{},\"why\":{},\"output_type\":\"{}\",\"path\":{}}}\n",
          json::quote(line.name), line.verdict, line.with_code, json::quote(line.why), line.output, json::quote(line.path));
    else
      out += fmt::format("{:<6}  {:<{}}  {}{}\n", line.verdict, printable(line.name), width,
                         line.with_code ? "runs with --allow-task-code: " : "", printable(line.why));
  }
  if (as_json) {
    for (const tasks::Problem& problem : folder.problems())
      out += fmt::format("{{\"file\":{},\"problem\":{}}}\n", json::quote(problem.path.string()), json::quote(problem.what));
    return print_json(out);
  }
  out += fmt::format(
      "\n{} tasks: {} run, {} need Python code ({} of them run with --allow-task-code), {} lack something, {} are broken; {} "
      "groups, {} tags; {} files hold no task\n",
      lines.size(), counts["runs"], counts["code"], counts["allowed"], counts["lacks"], counts["broken"], counts["group"],
      folder.tags().size(), folder.problems().size());
  return print(out);
}

}  // namespace sextant::cli
