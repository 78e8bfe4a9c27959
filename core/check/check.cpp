#include "check.hpp"
#include <algorithm>
#include <map>
#include "../preflight/preflight.hpp"
#include "checks.hpp"

namespace sextant::check {
namespace {

const char* remedy_of(const Error& error) {
  return error.kind == Error::Kind::missing ? "give the folder with --data-dir, or leave the set out" : "";
}

// "ceval-law: row 3 ..." without the name that the finding has already.
std::string without_name(const std::string& text, const std::string& name) {
  return !name.empty() && text.starts_with(name + ": ") ? text.substr(name.size() + 2) : text;
}

void add_preflight(const preflight::Report& report, const config::RunConfig& run, std::vector<Finding>& out) {
  const auto add = [&](const std::vector<preflight::Finding>& list, const char* id, Severity severity, bool of_model) {
    for (const preflight::Finding& one : list) {
      Finding finding{
          id, severity, of_model ? "" : one.subject, of_model ? one.subject : "", without_name(one.error.message, one.subject),
          {}, "",       remedy_of(one.error)};
      if (one.error.kind == Error::Kind::missing && run.allow_missing) finding.severity = Severity::note;
      out.push_back(std::move(finding));
    }
  };
  add(report.refusals, "configuration", Severity::error, false);
  add(report.unfit, "data", Severity::error, false);
  add(report.unfit_models, "model", Severity::error, true);
  add(report.warnings, "preflight", Severity::warning, false);
}

}  // namespace

std::vector<Finding> check(plugin::Host& host, const config::RunConfig& run, const Options& options) {
  std::vector<Finding> out;
  config::RunConfig looked_at = run;
  if (!options.models) looked_at.models.clear();
  const preflight::Report report = preflight::check(host, looked_at, {true, options.work_dir, options.cancelled});
  add_preflight(report, run, out);
  if (!report.refusals.empty()) return out;
  std::map<std::string, serve::ModelSession> sessions;
  for (const config::ModelConfig& model : looked_at.models)
    if (const auto load = serve::lightest_load(host, model.backend))
      if (auto opened = serve::ModelSession::open(host, model, *load)) sessions.emplace(model.abbr, *std::move(opened));
  std::map<std::string, bool> said;  // of models
  for (const config::DatasetConfig& dataset : run.datasets) {
    if (options.cancelled && options.cancelled->load()) return out;
    const bool unfit = std::any_of(report.unfit.begin(), report.unfit.end(),
                                   [&](const preflight::Finding& one) { return one.subject == dataset.task_name; });
    if (unfit) continue;
    Found found(out, dataset.task_name);
    auto subject = Subject::open(host, run, dataset, options.rows_max);
    if (!subject) {
      found.add(Severity::error, "data", subject.error().message, "");
      continue;
    }
    // which is said with its remedy below
    if (const std::string& leak = subject->data.leak; !leak.empty())
      std::erase_if(out, [&](const Finding& one) {
        return one.id == "preflight" && one.dataset == dataset.task_name && without_name(leak, one.dataset) == one.text;
      });
    check_rows(*subject, found);
    check_prompts(*subject, found);
    check_replies(*subject, found);
    for (auto& [abbr, session] : sessions) {
      if (Found of_model(out, "", abbr); !said[abbr] && subject->form == data::Form::open) {
        said[abbr] = true;
        check_model(*subject, session, of_model);
      }
      Found sent(out, dataset.task_name, abbr);
      check_sent(*subject, session, sent);
    }
  }
  return out;
}

}  // namespace sextant::check
