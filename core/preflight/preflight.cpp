#include "preflight.hpp"
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include "../config/combinations.hpp"
#include "../serve/dataset_feed.hpp"
#include "../serve/model_session.hpp"
#include "components.hpp"
#include "destination.hpp"
#include "findings.hpp"
#include "prompts.hpp"
#include "rows.hpp"

namespace sextant::preflight {
namespace {

// The models of a run as far as they can be opened without their weights.
class Sessions {
 public:
  Sessions(plugin::Host& host, const config::RunConfig& run, Report& report) {
    for (const auto* models : {&run.models, &run.helpers})
      for (const config::ModelConfig& model : *models) {
        if (find(model.abbr) || failed_.contains(model.abbr)) continue;
        const auto load = serve::lightest_load(host, model.backend);
        if (!load) continue;              // known when it is loaded
        auto opened = serve::ModelSession::open(host, model, *load);
        if (opened) sessions_.emplace(model.abbr, *std::move(opened));
        else {
          report.unfit_models.push_back({model.abbr, opened.error()});
          failed_.insert(model.abbr);
        }
      }
  }
  serve::ModelSession* find(const std::string& abbr) {
    const auto it = sessions_.find(abbr);
    return it == sessions_.end() ? nullptr : &it->second;
  }

 private:
  std::map<std::string, serve::ModelSession> sessions_;
  std::set<std::string> failed_;
};

// Of rows that are kept until a model is asked about them; a loader holds some times as much. One set alone is held by its loader
// while it is asked about, whatever it takes. A loader may be a process.
constexpr uint64_t kept_bytes_max = 64 << 20;
constexpr size_t kept_sets_max = 32;

uint64_t shortest_reply(const config::RunConfig& run, const config::DatasetConfig& dataset) {
  uint64_t least = UINT64_MAX;
  for (const config::ModelConfig& model : run.models)
    if (config::is_planned(run, model.abbr, dataset.task_name))
      least = std::min<uint64_t>(least, serve::max_out_len(dataset.inferencer, model));
  return least;
}

// Of sets that share a folder which is missing, one that is found elsewhere explains the others.
void explain_missing(plugin::Host& host, const config::RunConfig& run, std::vector<Finding>& unfit) {
  std::map<std::string, std::string> hints;   // [folder]
  const auto set_of = [&](const Finding& finding) { return config::find_dataset(run, finding.subject); };
  for (const Finding& finding : unfit)
    if (finding.error.kind == Error::Kind::missing && hints[set_of(finding)->folder].empty())
      hints[set_of(finding)->folder] = load::misplaced(host, *set_of(finding), run);
  for (Finding& finding : unfit)
    if (finding.error.kind == Error::Kind::missing)
      if (const std::string& hint = hints[set_of(finding)->folder]; !hint.empty()) finding.error.message += "; " + hint;
}

}  // namespace

Report check(plugin::Host& host, const config::RunConfig& run, const Options& options) {
  Report report;
  Findings findings(report);
  const auto over = [&] { return options.cancelled && options.cancelled->load(); };
  Components components(host, run, findings);
  std::set<const config::DatasetConfig*> unaskable;
  for (const config::DatasetConfig& dataset : run.datasets) {
    if (!components.check_asking(dataset)) unaskable.insert(&dataset);
    if (options.evaluates) components.check_scoring(dataset);
  }
  for (const auto* models : {&run.models, &run.helpers})
    for (const config::ModelConfig& model : *models)
      components.check_own_chains(model);
  Sessions sessions(host, run, report);
  Repeated repeated;
  uint64_t bytes = 0, kept_bytes = 0;
  std::optional<config::RunConfig> of_first_rows;
  if (options.rows_at_first > 0 && run.limit.value == 0 && run.rows.empty()) {
    of_first_rows = run;
    of_first_rows->limit.value = static_cast<double>(options.rows_at_first);
  }
  for (const config::DatasetConfig& dataset : run.datasets) {
    if (over()) return report;
    std::optional<Rows> rows = read_rows(host, of_first_rows ? *of_first_rows : run, dataset,
                                         {options.evaluates, shortest_reply(run, dataset), options.cancelled}, findings, repeated);
    if (!rows) continue;
    const bool partly = of_first_rows && rows->count >= options.rows_at_first;
    if (partly) report.partly.push_back(dataset.task_name);
    if (unaskable.contains(&dataset)) continue;
    if (dataset.judge && !findings.is_unfit(dataset.task_name)) check_judged_rows(host, run, dataset, *rows, findings);
    const std::vector<std::string> models = config::models_on(run, dataset);
    bytes += rows->bytes * models.size();
    for (const std::string& model : models)
      if (serve::ModelSession* session = sessions.find(model); session && !findings.is_unfit(dataset.task_name))
        check_prompts(host, *session, run, dataset, *rows, findings);
    for (const std::string& name : dataset.judge ? config::all_judges_of(*dataset.judge) : std::vector<std::string>())
      if (serve::ModelSession* judge = sessions.find(name); judge && !findings.is_unfit(dataset.task_name))
        check_judge_prompts(host, *judge, run, dataset, *rows, findings);
    if (partly || !options.keeps_rows) continue;
    kept_bytes += rows->bytes;
    if (run.datasets.size() == 1 || (kept_bytes <= kept_bytes_max && report.data.size() < kept_sets_max))
      report.data.emplace(dataset.task_name, std::move(rows->data));
  }
  explain_missing(host, run, report.unfit);
  repeated.tell(findings);
  check_destination(options.work_dir, bytes, findings);
  return report;
}

Report check_scoring(plugin::Host& host, const config::RunConfig& run) {
  Report report;
  Findings findings(report);
  Components components(host, run, findings);
  for (const config::DatasetConfig& dataset : run.datasets) components.check_scoring(dataset);
  for (const auto* models : {&run.models, &run.helpers})
    for (const config::ModelConfig& model : *models) components.check_own_chains(model);
  return report;
}

}  // namespace sextant::preflight
