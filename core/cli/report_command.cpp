// `sextant report RUN_DIR`: the tables and the page of a run, made anew from its results.
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../report/outcomes.hpp"
#include "../report/page.hpp"
#include "colour.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "report_page.hpp"
#include "run_outcome.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

struct ReportFlags {
  std::string run, html;  // html: where the page goes; empty: into the run's folder
  Texts compare;
  bool json = false, colour = false;
};

Result<void> write_page(const std::vector<TabledRun>& runs, const std::string& file) {
  const std::filesystem::path path =
      file.empty() ? report::page_path(runs.front().view.folder->path()) : std::filesystem::path(file);
  SXT_TRY(const std::string page, page_of_runs(runs));
  SXT_CHECK(write_file(path, page));
  log_info(fmt::format("the page is {}", path.string()));
  return {};
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
  const TabledRun& run = runs.front();
  const store::RunFolder& folder = *run.view.folder;
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
  const int printed = flags.json
                          ? print_json(report::to_json(run.table, folder.path().string(), run.view.record.status) + "\n")
                          : print_bytes(report::to_text(run.table, flags.colour ? report::Colour::on : report::Colour::off));
  const int code = exit_code(run.view.record, run.config.allow_missing);
  return printed != exit_ok ? printed : code != exit_ok ? code : page_code;
}

}  // namespace

int report_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("run-dir", po::value<std::string>()->default_value(""), "")(
      "compare", po::value<Texts>()->value_name("RUN"), "")("html", po::value<std::string>()->value_name("FILE"), "")(
      "color", po::value<std::string>()->value_name("WHEN"), "")("json", po::bool_switch(), "")("help,h", po::bool_switch(),
                                                                                                "");
  const auto values = parse_options(args, options, "run-dir");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("report"));
  ReportFlags flags;
  flags.run = (*values)["run-dir"].as<std::string>();
  if (values->count("html")) flags.html = (*values)["html"].as<std::string>();
  if (values->count("compare")) flags.compare = (*values)["compare"].as<Texts>();
  const auto colour = wants_colour(values->count("color") ? (*values)["color"].as<std::string>() : "");
  if (!colour) return fail(colour.error());
  flags.colour = *colour;
  flags.json = (*values)["json"].as<bool>();
  if (flags.run.empty()) return fail({Error::Kind::usage, "name the run's folder: sextant report RUN_DIR"});
  const auto code = rebuild(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
