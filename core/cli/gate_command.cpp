// `sextant gate RUN --baseline RUN`: may the run take the baseline's place? An exit code for CI.
#include <cmath>
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../compare/gate.hpp"
#include "commands.hpp"
#include "compare_runs.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

struct GateFlags {
  GateRuns runs;
  std::string junit;
  bool json = false;
};

Result<int> gate(const GateFlags& flags) {
  SXT_TRY(const GateAnswer answer, gate_runs(flags.runs));
  if (!flags.junit.empty()) SXT_CHECK(write_file(flags.junit, compare::to_junit(answer.report, answer.gate)));
  const int printed = flags.json ? print_json(compare::to_json(answer.report, answer.gate) + "\n")
                                 : print(compare::to_line(answer.gate) + "\n");
  return printed != exit_ok ? printed : exit_code_of(answer.gate.verdict);
}

}  // namespace

Result<GateAnswer> gate_runs(const GateRuns& flags) {
  std::vector<RunView> runs;
  for (const std::string& path : {flags.baseline, flags.run}) {
    SXT_TRY(RunView run, look_at_run(path));
    runs.push_back(std::move(run));
  }
  SXT_TRY(const auto pairs, subjects(runs, flags.comparison.models));
  if (pairs.size() > 1)
    return Error{Error::Kind::usage,
                 fmt::format("both runs have the models {} and {}; a gate is about one: name it with --model",
                             pairs[0].first.model, pairs[1].first.model)};
  GateAnswer out;
  SXT_TRY(out.report, compare_subjects(pairs[0].first, pairs[0].second, flags.comparison));
  const compare::Report& report = out.report;
  // a data set that is not compared may be the one that got worse
  if (!report.refused.empty())
    return Error{Error::Kind::data, fmt::format("{}: {}; correct that, or name the data sets that count with --dataset",
                                                report.refused[0].dataset, report.refused[0].reason)};
  if (!report.a_only.empty())
    return Error{Error::Kind::data,
                 fmt::format("{} has no '{}', which the baseline has; name the data sets that count with --dataset", flags.run,
                             report.a_only[0])};
  SXT_TRY(out.gate, compare::decide(report, flags.margin));
  if (!report.b_only.empty())
    log_warning(fmt::format("{} is not in the baseline; the gate says nothing of it", report.b_only[0]));
  for (const std::string& sentence : report.differences) log_info("differs: " + sentence);
  return out;
}

int exit_code_of(stats::Verdict verdict) {
  return verdict == stats::Verdict::go ? exit_ok : verdict == stats::Verdict::no_go ? exit_no : exit_inconclusive;
}

int gate_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("run", po::value<std::string>(), "")("baseline", po::value<std::string>()->value_name("RUN"), "")(
      "margin", po::value<double>()->value_name("X"), "")("model", po::value<Texts>()->value_name("NAME"), "")(
      "dataset", po::value<Texts>()->value_name("NAME"), "")("metric", po::value<std::string>()->value_name("NAME"), "")(
      "common", po::bool_switch(), "")("junit", po::value<std::string>()->value_name("FILE"), "")(
      "json", po::bool_switch(), "")("help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run");
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("gate"));
  const auto text = [&](const char* name) { return values->count(name) ? (*values)[name].as<std::string>() : std::string(); };
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  GateFlags flags;
  flags.runs.run = text("run");
  flags.runs.baseline = text("baseline");
  flags.junit = text("junit");
  if (values->count("margin")) flags.runs.margin = (*values)["margin"].as<double>();
  flags.runs.comparison = {list("model"), list("dataset"), text("metric"), (*values)["common"].as<bool>()};
  flags.json = (*values)["json"].as<bool>();
  if (flags.runs.run.empty() || flags.runs.baseline.empty())
    return fail({Error::Kind::usage, "name both runs' folders: sextant gate RUN --baseline RUN"});
  if (!std::isfinite(flags.runs.margin) || flags.runs.margin < 0)
    return fail({Error::Kind::usage, "--margin must be a number from 0, in points: 1.0"});
  const auto code = gate(flags);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
