// `sextant import results PATH`: others' result files into a run's folder (exchange/). `sextant import opencompass`: others'
// configurations into cards, by a program in Python that reads them where OpenCompass is installed.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/card_store.hpp"
#include "../exchange/imported.hpp"
#include "commands.hpp"
#include "options.hpp"
#include "../report/outcomes.hpp"
#include "report_page.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

// The table of what was imported, as `sextant report` shows it.
Result<int> show(const std::filesystem::path& folder, bool as_json) {
  SXT_TRY(RunView view, look_at_run(folder.string()));
  SXT_TRY(const TabledRun run, tabled_run(std::move(view)));
  SXT_CHECK(report::write_summary(*run.view.folder, run.table));
  log_info(fmt::format("the imported run is {}", folder.string()));
  return as_json ? print_json(report::to_json(run.table, folder.string(), run.view.record.status) + "\n")
                 : print_bytes(report::to_text(run.table));
}

Result<int> import_results(const std::string& path, std::string from, const std::string& work_dir, bool as_json) {
  const Texts names{"lm-eval", "opencompass", "inspect"};
  if (from.empty()) { SXT_TRY(from, exchange::writer_of(path)); }
  if (std::find(names.begin(), names.end(), from) == names.end())
    return Error{Error::Kind::usage,
                 fmt::format("--from is '{}'{}; it must be {}", from, did_you_mean(from, names), join(names, ", "))};
  SXT_TRY(const std::filesystem::path folder, from == "lm-eval"       ? exchange::import_lm_eval(path, work_dir)
                                              : from == "opencompass" ? exchange::import_opencompass(path, work_dir)
                                                                      : exchange::import_inspect(path, work_dir));
  return show(folder, as_json);
}

int results_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("path", po::value<Texts>(), "")("from", po::value<std::string>()->value_name("WHAT"), "")(
      "work-dir,w", po::value<std::string>()->value_name("DIR"), "")("json", po::bool_switch(), "")("help,h", po::bool_switch(),
                                                                                                    "");
  const auto values = parse_options(args, options, "path", 1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("import"));
  const auto text = [&](const char* name) { return values->count(name) ? (*values)[name].as<std::string>() : std::string(); };
  if (!values->count("path"))
    return fail({Error::Kind::usage,
                 "name what is to be imported: sextant import results PATH (a results file, or the folder of a run)"});
  const auto code =
      import_results((*values)["path"].as<Texts>().front(), text("from"),
                     values->count("work-dir") ? text("work-dir") : "outputs/default", (*values)["json"].as<bool>());
  return code ? *code : fail(code.error());
}

// Replaces this process: what the program prints and how it ends is the command's.
int opencompass_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("name", po::value<Texts>(), "")("output", po::value<std::string>()->value_name("DIR"), "")(
      "python", po::value<std::string>()->value_name("PYTHON"), "")("no-data", po::bool_switch(), "")("help,h",
                                                                                                      po::bool_switch(), "");
  const auto values = parse_options(args, options, "name", -1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("import"));
  if (!values->count("name"))
    return fail({Error::Kind::usage,
                 "name a configuration: sextant import opencompass CONFIG.py (or a name of OpenCompass' own, gsm8k_gen)"});
  const std::string python = values->count("python") ? (*values)["python"].as<std::string>() : "python3";
  const std::filesystem::path script = config::share_folder() / "import_opencompass.py";
  std::error_code code;
  if (!std::filesystem::exists(script, code))
    return fail(
        {Error::Kind::missing, fmt::format("{} does not exist; install Sextant again (meson install)", script.string())});
  Texts words{python, script.string()};
  for (const std::string& name : (*values)["name"].as<Texts>()) words.push_back(name);
  words.insert(words.end(), {"--output", values->count("output") ? (*values)["output"].as<std::string>() : "cards"});
  if ((*values)["no-data"].as<bool>()) words.emplace_back("--no-data");
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  ::execvp(raw[0], raw.data());
  return fail({Error::Kind::usage,
               fmt::format("{} cannot be started ({}); name the Python whose environment has opencompass with --python", python,
                           std::strerror(errno))});
}

}  // namespace

int import_command(const Texts& args) {
  const std::string word = args.empty() ? "" : args.front();
  if (word == "--help" || word == "-h") return print(help_text("import"));
  const Texts rest(args.begin() + !args.empty(), args.end());
  if (word == "results") return results_command(rest);
  if (word == "opencompass") return opencompass_command(rest);
  const Texts words{"results", "opencompass"};
  return fail({Error::Kind::usage, word.empty() ? std::string("say what is to be imported: sextant import results PATH")
                                                : fmt::format("`sextant import` knows no '{}'{}; it is results or opencompass",
                                                              word, did_you_mean(word, words))});
}

}  // namespace sextant::cli
