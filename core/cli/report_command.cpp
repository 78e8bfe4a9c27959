// `sextant report RUN_DIR`: the tables of a run, rebuilt from its results.
#include <fmt/format.h>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../report/outcomes.hpp"
#include "commands.hpp"
#include "../store/run_states.hpp"
#include "options.hpp"
#include "run_outcome.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

Result<int> rebuild(const std::string& run_dir, bool as_json) {
  std::error_code code;
  std::filesystem::path path = std::filesystem::weakly_canonical(run_dir, code);
  if (path.filename().empty()) path = path.parent_path();
  SXT_TRY(const store::RunFolder folder,
          store::RunFolder::reuse(path.parent_path().empty() ? "." : path.parent_path(), path.filename().string()));
  SXT_TRY(store::RunRecord record, store::read_run_record(folder));
  // only the names, versions and groups are needed: no plugin, card or model is asked
  const config::CardStore no_cards;
  config::World world;
  world.cards = &no_cards;
  world.backend_accepts = [](const std::string&, const std::string&) { return true; };
  world.warn = [](const std::string&) {};
  config::RunFlags flags;
  flags.config = folder.config().string();
  flags.as_written = true;
  SXT_TRY(const config::Resolved resolved, config::resolve(flags, world));
  const config::RunConfig& run = resolved.config;
  settle_record(record, run);
  const report::Table table = report::table_of_run(folder, run, record);
  record.status = run_status(record, run.allow_missing);
  if (::access(folder.path().c_str(), W_OK) == 0) {
    SXT_CHECK(report::write_summary(folder, table));
  } else {
    log_warning(fmt::format("{} may not be written; its summary/ stays as it is", folder.path().string()));
  }
  for (const std::string& error : table.errors) log_warning(error);
  const int printed = as_json ? print_json(report::to_json(table, folder.path().string(), record.status) + "\n")
                              : print(report::to_text(table));
  return printed != exit_ok ? printed : exit_code(record, run.allow_missing);
}

}  // namespace

int report_command(const std::vector<std::string>& args) {
  po::options_description options("Options");
  options.add_options()("run-dir", po::value<std::string>()->default_value(""), "")("json", po::bool_switch(), "")(
      "help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run-dir");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("report"));
  const std::string run_dir = (*values)["run-dir"].as<std::string>();
  if (run_dir.empty()) return fail({Error::Kind::usage, "name the run's folder: sextant report RUN_DIR"});
  const auto code = rebuild(run_dir, (*values)["json"].as<bool>());
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
