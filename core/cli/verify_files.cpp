#include "verify_files.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "../config/own_chains.hpp"
#include "../exchange/source.hpp"
#include "../score/components.hpp"
#include "../score/own_metrics.hpp"
#include "../store/predictions.hpp"
#include "../store/samples_file.hpp"
#include "version.hpp"

namespace sextant::cli {
namespace {

constexpr unsigned threads = 2;
constexpr size_t names_shown = 6;

// What the results file says otherwise than the predictions come to, or the samples file than was written; empty: nothing.
Result<std::string> other_numbers(const std::filesystem::path& results, const std::filesystem::path& samples,
                                  const score::Scored& scored) {
  if (const auto same = store::check_samples(samples, results); !same) return same.error().message;
  SXT_TRY(const auto written, exchange::numbers_of(results, nullptr));
  for (const data::Estimate& number : scored.numbers) {
    const auto found =
        std::find_if(written.begin(), written.end(), [&](const auto& one) { return one.name == number.metric; });
    const bool none = found == written.end();
    if (none ? std::isnan(number.value) : std::abs(found->value - number.value) <= 1e-9 * (1 + std::abs(number.value))) continue;
    return fmt::format("{}: {} is {}, and the predictions come to {:.6g}", results.filename().string(), number.metric,
                       none ? "not there" : fmt::format("{:.6g}", found->value), number.value);
  }
  return std::string();
}

struct Again {
  std::string results_sha256, other;
};
Result<Again> results_of(plugin::Host& host, const RunView& view, const config::RunConfig& run,
                               const config::DatasetConfig& given, const std::string& model) {
  const config::DatasetConfig dataset = config::as_read_of(run, given, model);
  SXT_TRY(const store::Predictions predictions,
          store::Predictions::open(view.folder->predictions(model, dataset.task_name), dataset.task_name));
  const score::Attempts attempts{predictions.size(), [&](uint64_t first, uint64_t n) { return predictions.read(first, n); }};
  SXT_TRY(const auto facts, score::facts_of(host, dataset));
  SXT_TRY(const score::Scored scored, score::score(dataset, attempts, facts, score::make_reader(host, dataset, run.compat),
                                                   threads, std::filesystem::temp_directory_path()));
  if (scored.failed > 0 && scored.error) return *scored.error;
  SXT_TRY(std::string other, other_numbers(view.folder->results(model, dataset.task_name),
                                            view.folder->samples(model, dataset.task_name), scored));
  return Again{scored.results_sha256, std::move(other)};
}

// Plugins that are another build here, or are not here.
void note_plugins(const plugin::Host& host, const RunView& view, FileChecks& out) {
  std::vector<std::string> other, gone;
  for (const store::PluginRecord& plugin : view.record.plugins) {
    const size_t colon = plugin.id.find(':');
    const auto kind = plugin::kind_from_name(plugin.id.substr(0, colon));
    const auto found = kind ? host.registry().find(*kind, colon == plugin.id.npos ? "" : plugin.id.substr(colon + 1))
                            : Result<plugin::Found>(kind.error());
    if (!found) gone.push_back(plugin.id);
    else if (found->file->sha256 != plugin.sha256) other.push_back(plugin.id);
  }
  if (!other.empty())
    out.notes.push_back(fmt::format("here these plugins are other builds: {}", first_names(other, names_shown)));
  if (!gone.empty())
    out.notes.push_back(fmt::format("these plugins of the run are not here: {}", first_names(gone, names_shown)));
  if (view.version != version)
    out.notes.push_back(fmt::format("the run was made by Sextant {}, this is {}", view.version, version));
}

}  // namespace

Result<FileChecks> check_files(plugin::Host& host, const RunView& view, const config::RunConfig& run,
                               const std::vector<std::string>& models, const std::vector<std::string>& datasets) {
  FileChecks out;
  note_plugins(host, view, out);
  std::vector<std::string> judged, programs;
  for (const std::string& model : models) {
    SXT_TRY(const auto wanted, chosen(view.datasets(model), datasets, "data set", view.name));
    for (const std::string& name : wanted) {
      const store::TaskRecord* task = view.task(model, name);
      if (!task || task->status != "complete" || task->results_sha256.empty()) continue;
      const config::DatasetConfig* dataset = config::find_dataset(run, name);
      if (!dataset) {
        out.others.push_back({model, name, "configs/run.json does not have it"});
        continue;
      }
      if (dataset->judge || score::runs_programs(*dataset)) {
        (dataset->judge ? judged : programs).push_back(name);
        continue;
      }
      const auto again = results_of(host, view, run, *dataset, model);
      ++out.scored;
      if (!again) out.others.push_back({model, name, "cannot be scored again: " + again.error().message});
      else if (again->results_sha256 == task->results_sha256 && again->other.empty()) ++out.same;
      else if (!again->other.empty()) out.others.push_back({model, name, again->other});
      else
        out.others.push_back({model, name,
                              fmt::format("results_sha256: run.json has {}, and the predictions come to {}",
                                          task->results_sha256.substr(0, 12), again->results_sha256.substr(0, 12))});
    }
  }
  if (!judged.empty())
    out.notes.push_back(fmt::format("judges are not asked again, so not scored: {}", first_names(judged, names_shown)));
  if (!programs.empty())
    out.notes.push_back(
        fmt::format("scored by running programs, and not scored again: {}", first_names(programs, names_shown)));
  return out;
}

}  // namespace sextant::cli
