// `sextant report RUN_DIR`: the tables and the page of a run, made anew from its results.
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <sextant/printable.hpp>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../report/outcomes.hpp"
#include "../report/page.hpp"
#include "check_run.hpp"
#include "colour.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "report_exclusions.hpp"
#include "report_page.hpp"
#include "run_outcome.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

struct ReportFlags {
  std::string run, html;  // html: where the page goes; empty: into the run's folder
  std::string exclude;    // a file of samples; empty: none
  Texts compare;
  bool json = false, colour = false, check = false;
};

Result<void> write_page(const std::vector<TabledRun>& runs, const std::string& file) {
  const std::filesystem::path path =
      file.empty() ? report::page_path(runs.front().view.folder->path()) : std::filesystem::path(file);
  SXT_TRY(const std::string page, page_of_runs(runs));
  SXT_CHECK(write_file(path, page));
  log_info(fmt::format("the page is {}", path.string()));
  return {};
}

// Numbers over a whole set (perplexities, a metric's own) are not the mean of their samples, which is what can leave some out.
void warn_of_other_means(const report::Table& table, const std::vector<compare::Without>& without) {
  for (const compare::Without& one : without)
    for (const report::Row& row : table.rows) {
      if (row.dataset != one.dataset || row.metric != one.metric) continue;
      for (size_t i = 0; i < std::min(row.cells.size(), table.models.size()); ++i)
        if (table.models[i] == one.model && row.cells[i].value && std::abs(*row.cells[i].value - one.all.value) > 1e-6)
          log_warning(
              fmt::format("{}, {}: the table's {} is a number over the whole set; with and without the excluded "
                          "samples the mean over samples is shown",
                          one.dataset, one.model, one.metric));
    }
}

Result<int> rebuild(const ReportFlags& flags) {
  std::vector<TabledRun> runs;
  Texts paths{flags.run};
  paths.insert(paths.end(), flags.compare.begin(), flags.compare.end());
  for (const std::string& path : paths) {
    SXT_TRY(RunView view, look_at_run(path));
    SXT_TRY(TabledRun run, tabled_run(std::move(view)));
    runs.push_back(std::move(run));
  }
  if (flags.check) { SXT_TRY(runs.front().checked, check_configuration(runs.front().view)); }
  const TabledRun& run = runs.front();
  std::vector<compare::Without> without;
  if (!flags.exclude.empty()) { SXT_TRY(without, scores_without(run.view, run.config, flags.exclude)); }
  warn_of_other_means(run.table, without);
  const store::RunFolder& folder = *run.view.folder;
  // nobody else writes there meanwhile; a run that is at work writes its tables itself
  SXT_TRY(const store::RunFolder held, store::RunFolder::reuse(folder.path().parent_path(), folder.timestamp()));
  const bool writable = ::access(folder.path().c_str(), W_OK) == 0;
  if (writable) SXT_CHECK(report::write_summary(folder, run.table));
  // without a page there is still a table
  int page_code = exit_ok;
  if (writable || !flags.html.empty())
    if (const auto written = write_page(runs, flags.html); !written) page_code = fail(written.error());
  if (!writable)
    log_warning(fmt::format("{} may not be written; its summary/ stays as it is{}", folder.path().string(),
                            flags.html.empty() ? ", and --html FILE writes the page elsewhere" : ""));
  for (const std::string& error : run.table.errors) log_warning(error);
  std::string text;
  if (flags.json) {
    SXT_TRY(json::Document line,
            json::parse(report::to_json(run.table, folder.path().string(), run.view.record.status), "table"));
    auto& a = line.GetAllocator();
    json::Value list(rapidjson::kArrayType);
    for (const compare::Without& one : without) list.PushBack(compare::to_json(one, a), a);
    if (!flags.exclude.empty()) json::set(line, "excluded", std::move(list), a);
    text = json::write(line) + "\n";
  } else {
    text = report::to_text(run.table, flags.colour ? report::Colour::on : report::Colour::off);
    if (!without.empty())
      text += "\nwith and without the samples of " + printable(flags.exclude) + "\n" + compare::to_text(without);
  }
  const int printed = flags.json ? print_json(text) : print_bytes(text);
  const int code = exit_code(run.view.record, run.config.allow_missing);
  return printed != exit_ok ? printed : code != exit_ok ? code : page_code;
}

}  // namespace

int report_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("run-dir", po::value<std::string>()->default_value(""), "")(
      "compare", po::value<Texts>()->value_name("RUN"), "")("html", po::value<std::string>()->value_name("FILE"), "")(
      "color", po::value<std::string>()->value_name("WHEN"), "")("exclude", po::value<std::string>()->value_name("FILE"), "")(
      "check", po::bool_switch(), "")("json", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run-dir");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("report"));
  ReportFlags flags;
  flags.run = (*values)["run-dir"].as<std::string>();
  if (values->count("exclude")) flags.exclude = (*values)["exclude"].as<std::string>();
  if (values->count("html")) flags.html = (*values)["html"].as<std::string>();
  if (values->count("compare")) flags.compare = (*values)["compare"].as<Texts>();
  const auto colour = wants_colour(values->count("color") ? (*values)["color"].as<std::string>() : "");
  if (!colour) return fail(colour.error());
  flags.colour = *colour;
  flags.json = (*values)["json"].as<bool>();
  flags.check = (*values)["check"].as<bool>();
  if (flags.run.empty()) return fail({Error::Kind::usage, "name the run's folder: sextant report RUN_DIR"});
  const auto code = rebuild(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
