// The one binary. Everything that it can do beyond this dispatch comes from cards and plugins.
#include <fmt/format.h>
#include <functional>
#include <optional>
#include <sextant/utf8_text.hpp>
#include <utility>
#include "../base/exit_code.hpp"
#include "../base/own_process.hpp"
#include "../base/text.hpp"
#include "../conformance/check.hpp"
#include "../isolate/server.hpp"
#include "../sandbox/supervisor.hpp"
#include "../score/isolated.hpp"
#include "commands.hpp"
#include "crash.hpp"
#include "version.hpp"
#include "workspace.hpp"

namespace {

using namespace sextant;
using Command = std::function<int(const std::vector<std::string>&)>;

const std::vector<std::pair<std::string, Command>>& commands() {
  static const std::vector<std::pair<std::string, Command>> all = {
      {"run", cli::run_command},       {"list", cli::list_command},   {"prompt", cli::prompt_command},
      {"report", cli::report_command}, {"show", cli::show_command},   {"compare", cli::compare_command},
      {"gate", cli::gate_command},     {"explain", cli::explain_command}, {"verify", cli::verify_command},
      {"fetch", cli::fetch_command},   {"check", cli::check_command},   {"view", cli::view_command},
      {"model", cli::model_command},   {"plugins", cli::plugins_command}, {"export", cli::export_command},
      {"import", cli::import_command},
  };
  return all;
}

int unknown(const std::string& word) {
  std::vector<std::string> names = {"help"};
  for (const auto& command : commands()) names.push_back(command.first);
  return cli::fail({Error::Kind::usage,
                    fmt::format("there is no command '{}'{}; `sextant --help` lists them", word, did_you_mean(word, names))});
}

int help(const std::vector<std::string>& args) {
  const std::string text = cli::help_text(args.empty() ? "" : args.front());
  return text.empty() ? unknown(args.front()) : cli::print(text);
}

// What a run keeps of its command line, it keeps as JSON: a path's bytes that are not UTF-8 could not be given back.
std::optional<Error> not_text(const std::vector<std::string>& args) {
  for (const std::string& arg : args)
    if (!utf8::is_valid(arg))
      return Error{
          Error::Kind::usage,
          fmt::format("the argument '{}' is not valid UTF-8; rename the file, or name a link to it that has a valid name",
                      arg)};
  return std::nullopt;
}

int dispatch(const std::vector<std::string>& args) {
  if (args.empty()) {
    cli::print(cli::help_text(""));
    return exit_usage;
  }
  if (const auto error = not_text(args)) return cli::fail(*error);
  const std::string& word = args.front();
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (word == "--version") return cli::print(fmt::format("sextant {}\n", version));
  if (word == "--help" || word == "-h" || word == "help") return help(rest);
  const bool watched =
      word == "worker" || (word == "plugins" && !rest.empty() && rest.front() == "probe");  // by the process that started it
  if (!watched) cli::catch_crashes();
  for (const auto& [name, command] : commands())
    if (name == word) return command(rest);
  if (word == "worker" && rest == std::vector<std::string>{"score"}) return score::serve_isolated(0);
  if (word == "worker" && rest == std::vector<std::string>{"conformance"}) return conformance::serve_trial(0);
  if (word == "worker" && rest.size() == 2 && rest[0] == "isolated") return isolate::serve_isolated_plugin(rest[1]);
  if (word == "worker" && rest == std::vector<std::string>{"sandbox"}) return sandbox::serve_sandboxes(0);
  if (word == "worker") return cli::fail({Error::Kind::device, "`sextant worker` is for Sextant's own processes"});
  return unknown(word);
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process();
  try {
    return cli::leaving(dispatch(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::bad_alloc&) {
    return cli::leaving(
        cli::fail({Error::Kind::device, "out of memory; allow the program more (ulimit -v shows what it may have), or give it "
                                        "smaller files and batches"}));
  } catch (const std::exception& e) {
    return cli::leaving(cli::fail({Error::Kind::internal, fmt::format("this is a bug in Sextant: {}", e.what())}));
  }
}
