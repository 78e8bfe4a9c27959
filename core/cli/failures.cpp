#include "failures.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../report/causes.hpp"
#include "../store/task_log.hpp"
#include "run_outcome.hpp"

namespace sextant::cli {
namespace {

constexpr size_t log_lines_shown = 5;
constexpr size_t causes_shown = 20;

void add_texts(const json::Value& value, std::vector<std::string>& out) {
  if (value.IsString()) out.emplace_back(json::text(value));
  else if (value.IsObject())
    for (const auto& member : value.GetObject()) add_texts(member.value, out);
}

// What a message may name of one set of many: its abbr, what the card's "each" fills in.
std::vector<std::string> names_of(const config::RunConfig& run, const std::string& task) {
  std::vector<std::string> names;
  const config::DatasetConfig* dataset = config::find_dataset(run, task);
  if (!dataset) return names;
  names = {dataset->abbr, dataset->task_name};
  if (!dataset->path.empty()) names.push_back(dataset->path);
  if (const size_t dash = dataset->abbr.find('-'); dash != dataset->abbr.npos) names.push_back(dataset->abbr.substr(dash + 1));
  if (const auto config = json::parse(dataset->loader.config, task)) add_texts(*config, names);
  return names;
}

void say(LogLevel level, const std::vector<report::Cause>& causes, const std::string& elsewhere) {
  for (size_t i = 0; i < causes.size() && i < causes_shown; ++i) {
    if (level == LogLevel::warning) log_warning_once(causes[i].sentence);  // the run itself finds some of them again
    else log(level, causes[i].sentence);
  }
  if (causes.size() > causes_shown) log(level, fmt::format("and {} more{}", causes.size() - causes_shown, elsewhere));
}

std::vector<report::Failure> failures_of(const std::vector<preflight::Finding>& findings, const config::RunConfig& run,
                                         bool with_state) {
  std::vector<report::Failure> out;
  for (const preflight::Finding& finding : findings) {
    const char* state = !with_state ? "" : finding.error.kind == Error::Kind::missing ? "missing" : "failed";
    out.push_back({finding.subject, state, finding.error.message, names_of(run, finding.subject), ""});
  }
  return out;
}

// Lines of a log that say more than the failure, which has been printed.
std::vector<std::string> more_of_log(const std::filesystem::path& path, const std::string& error) {
  std::vector<std::string> lines = store::TaskLog::tail(path, log_lines_shown);
  std::erase_if(lines, [&](const std::string& line) {
    std::string_view said = std::string_view(line).substr(std::min(line.size(), store::TaskLog::stamp_bytes));
    if (said.starts_with("error: ")) said.remove_prefix(7);
    if (said.starts_with("sample "))
      said.remove_prefix(said.find(": ") == said.npos ? 0 : said.find(": ") + 2);  // the same happened to another one
    return error.find(said) != error.npos;
  });
  return lines;
}

}  // namespace

bool Unfit::has(const store::TaskRecord& task) const {
  if (models.contains(task.model) || datasets.contains(task.dataset)) return true;
  const size_t at = task.stage == "judge" ? task.dataset.rfind('@') : std::string::npos;   // "ceval-law@internlm2"
  return at != std::string::npos &&
         (datasets.contains(task.dataset.substr(0, at)) || models.contains(task.dataset.substr(at + 1)));
}

Unfit unfit_of(const preflight::Report& report) {
  Unfit out;
  for (const preflight::Finding& finding : report.unfit) out.datasets.emplace(finding.subject, finding.error);
  for (const preflight::Finding& finding : report.unfit_models) out.models.emplace(finding.subject, finding.error);
  return out;
}

int tell(const preflight::Report& report, const config::RunConfig& run) {
  say(LogLevel::warning, report::causes_of(failures_of(report.warnings, run, false)), "");
  say(LogLevel::error, report::causes_of(failures_of(report.refusals, run, false)), "; fix these first");
  say(LogLevel::error, report::causes_of(failures_of(report.unfit_models, run, false)), " models");
  const std::vector<report::Failure> unfit = failures_of(report.unfit, run, true);
  const std::vector<report::Cause> causes = report::causes_of(unfit);
  for (size_t i = 0; i < causes.size() && i < causes_shown; ++i) {
    const bool expected = unfit[causes[i].first].state == "missing" && run.allow_missing;
    log(expected ? LogLevel::warning : LogLevel::error, causes[i].sentence);
  }
  if (causes.size() > causes_shown)
    log_error(fmt::format("and {} more data sets cannot be run, each for a reason of its own", causes.size() - causes_shown));
  if (report.refusals.empty()) return exit_ok;
  return exit_code_of(report.refusals.front().error.kind);
}

void explain_failures(const store::RunFolder& folder, const config::RunConfig& run, const store::RunRecord& record,
                      const Unfit& told) {
  std::vector<report::Failure> failures;
  std::vector<const store::TaskRecord*> tasks;
  const bool any_failed =
      std::any_of(record.tasks.begin(), record.tasks.end(), [](const auto& task) { return task.status == "failed"; });
  for (const store::TaskRecord& task : record.tasks) {
    if (task.status == "complete" || told.has(task)) continue;
    if (any_failed && task.status == "incomplete" && task.error.ends_with(" did not get to its end"))
      continue;  // it waited for what failed
    failures.push_back({task.dataset, task.status, task.error, names_of(run, task.dataset), task.model});
    tasks.push_back(&task);
  }
  const std::vector<report::Cause> causes = report::causes_of(failures);
  for (size_t i = 0; i < causes.size() && i < causes_shown; ++i) {
    const store::TaskRecord& task = *tasks[causes[i].first];
    const bool expected = task.status == "missing" && run.allow_missing;
    log(expected ? LogLevel::warning : LogLevel::error, causes[i].sentence);
    if (task.status != "failed") continue;
    for (const auto& path : {folder.infer_log(task.model, task.dataset), folder.eval_log(task.model, task.dataset)}) {
      const std::vector<std::string> lines = more_of_log(path, task.error);
      if (lines.empty()) continue;
      log_error(fmt::format("the end of {}:", path.string()));
      for (const std::string& line : lines) log_error("  " + line);
    }
  }
  if (run.allow_missing && all_missing(record))
    log_error("the data of none of the data sets were found, so that nothing was evaluated");
  if (causes.size() > causes_shown)
    log_error(fmt::format("and {} more; {} has them all", causes.size() - causes_shown, folder.run_json().string()));
}

int explain_plan(const std::vector<store::TaskRecord>& tasks, const config::RunConfig& run, const Unfit& told) {
  int code = exit_ok;
  std::vector<report::Failure> failures;
  for (const store::TaskRecord& task : tasks) {
    if (task.status == "planned") continue;
    if (task.status == "failed" || !run.allow_missing) code = task.error_kind ? exit_code_of(*task.error_kind) : exit_data;
    if (!told.has(task)) failures.push_back({task.dataset, task.status, task.error, names_of(run, task.dataset), task.model});
  }
  say(LogLevel::error, report::causes_of(failures), "");
  const bool none =
      !tasks.empty() && std::all_of(tasks.begin(), tasks.end(), [](const auto& task) { return task.status == "missing"; });
  return none ? exit_data : code;
}

}  // namespace sextant::cli
