// `sextant compare RUN...`: two models on the questions that both were asked.
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "commands.hpp"
#include "compare_runs.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

using Texts = std::vector<std::string>;

Result<int> compare_all(const Texts& paths, const ComparisonFlags& flags, bool as_json) {
  std::vector<RunView> runs;
  for (const std::string& path : paths) {
    SXT_TRY(RunView run, look_at_run(path));
    runs.push_back(std::move(run));
  }
  SXT_TRY(const auto pairs, subjects(runs, flags.models));
  std::vector<compare::Report> reports;
  std::string out;
  size_t compared = 0;
  int code = exit_ok;
  for (const auto& [a, b] : pairs) {
    SXT_TRY(compare::Report report, compare_subjects(a, b, flags));
    out += (out.empty() ? "" : "\n") + compare::to_text(report);
    compared += report.comparisons.size();
    if (!report.refused.empty()) code = exit_data;
    reports.push_back(std::move(report));
  }
  if (const int printed = as_json ? print_json(compare::to_json(reports) + "\n") : print(out); printed != exit_ok)
    return printed;
  if (compared == 0)
    return Error{Error::Kind::data,
                 "nothing could be compared: the runs have no scored data set with the same questions in common"};
  if (code != exit_ok) {
    std::vector<std::string> names;
    for (const compare::Report& report : reports)
      for (const compare::Refused& one : report.refused) names.push_back(one.dataset);
    log_error(fmt::format("not all was compared: {}", first_names(names, 8)));
  }
  return code;
}

}  // namespace

int compare_command(const Texts& args) {
  po::options_description options("Options");
  options.add_options()("run", po::value<Texts>(), "")("model", po::value<Texts>()->value_name("NAME"), "")(
      "dataset", po::value<Texts>()->value_name("NAME"), "")("metric", po::value<std::string>()->value_name("NAME"), "")(
      "common", po::bool_switch(), "")("precision", po::bool_switch(), "")("json", po::bool_switch(), "")(
      "help,h", po::bool_switch(), "");
  const auto values = parse_options(args, options, "run", -1);
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("compare"));
  const auto list = [&](const char* name) { return values->count(name) ? (*values)[name].as<Texts>() : Texts(); };
  if (list("run").empty())
    return fail({Error::Kind::usage, "name the runs' folders: sextant compare RUN RUN..., or one that has several models"});
  ComparisonFlags flags{
      list("model"), list("dataset"), values->count("metric") ? (*values)["metric"].as<std::string>() : "",
      (*values)["common"].as<bool>(),
      (*values)["precision"].as<bool>() ? ComparisonFlags::Precision::of_any : ComparisonFlags::Precision::of_one_model};
  const auto code = compare_all(list("run"), flags, (*values)["json"].as<bool>());
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
