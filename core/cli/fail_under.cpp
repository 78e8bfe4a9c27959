#include "fail_under.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include "../base/exit_code.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"

namespace sextant::cli {

Result<std::vector<Threshold>> thresholds(const std::vector<std::string>& given, const config::RunConfig& run) {
  std::vector<std::string> names;
  for (const config::DatasetConfig& dataset : run.datasets) names.push_back(dataset.task_name);
  for (const config::SummaryGroup& group : run.summarizer.groups) names.push_back(group.name);
  std::vector<Threshold> out;
  for (const std::string& text : given) {
    const size_t equals = text.rfind('=');
    Threshold one;
    const char* const end = text.data() + text.size();
    const char* const begin = equals == text.npos ? end : text.data() + equals + 1;
    const auto [rest, failed] = std::from_chars(begin, end, one.value);
    if (equals == text.npos || equals == 0 || failed != std::errc() || rest != end || !std::isfinite(one.value))
      return Error{Error::Kind::usage,
                   fmt::format("--fail-under '{}' is not of the form DATASET=X or DATASET,METRIC=X with a number X", text)};
    // names may hold commas, and so may metrics ("accuracy,strict"): the longest name that is one counts
    const std::string left = text.substr(0, equals);
    for (const std::string& name : names)
      if ((left == name || left.starts_with(name + ",")) && name.size() > one.dataset.size()) one.dataset = name;
    if (one.dataset.empty()) {
      const std::string name = left.substr(0, left.find(','));
      return Error{Error::Kind::usage, fmt::format("--fail-under '{}': the run has no data set or group '{}'{}; it has {}",
                                                   text, name, did_you_mean(name, names), first_names(names, 8))};
    }
    if (left.size() > one.dataset.size()) one.metric = left.substr(one.dataset.size() + 1);
    out.push_back(std::move(one));
  }
  return out;
}

namespace {

// "accuracy" means "accuracy (3 runs average)", too.
bool means(const std::string& given, const std::string& row) {
  return row == given || (row.starts_with(given + " (") && row.ends_with(" runs average)"));
}

// Names that differ in numbers alone ("more_4_circular") are one metric's, which counts.
std::string without_numbers(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (c < '0' || c > '9') out += c;
    else if (!out.ends_with('#')) out += '#';
  return out;
}

}  // namespace

Result<void> check_metrics(const std::vector<Threshold>& thresholds, const config::RunConfig& run, const RowNames& row_names) {
  for (const Threshold& one : thresholds) {
    if (one.metric.empty()) continue;
    std::optional<std::vector<std::string>> names;
    for (const config::DatasetConfig& dataset : run.datasets)
      if (dataset.task_name == one.dataset) names = row_names(dataset);
    for (const config::SummaryGroup& group : run.summarizer.groups)
      if (group.name == one.dataset) {
        const std::vector<std::string> own = !group.metrics.empty() ? group.metrics
                                             : group.by_size || !group.weights.empty()
                                                 ? std::vector<std::string>{"weighted_average"}
                                                 : std::vector<std::string>{"naive_average"};
        if (!names) names.emplace();
        names->insert(names->end(), own.begin(), own.end());
      }
    if (!names) continue;
    const std::string shown = one.metric.substr(0, one.metric.find(" ("));
    const auto may_bear = [&](const std::string& name) { return without_numbers(name) == without_numbers(shown); };
    if (std::none_of(names->begin(), names->end(), may_bear))
      return Error{Error::Kind::usage, fmt::format("--fail-under: {} has no number '{}'{}; it has {}", one.dataset, one.metric,
                                                   did_you_mean(one.metric, *names), first_names(*names, 8))};
  }
  return {};
}

Result<int> check_thresholds(const std::vector<Threshold>& thresholds, const report::Table& table) {
  int code = exit_ok;
  for (const Threshold& threshold : thresholds) {
    std::vector<const report::Row*> rows;
    std::vector<std::string> metrics;
    for (const report::Row& row : table.rows)
      if (row.dataset == threshold.dataset) {
        rows.push_back(&row);
        metrics.push_back(row.metric);
      }
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const report::Row* row) {
      return threshold.metric.empty() || means(threshold.metric, row->metric);
    });
    if (found == rows.end())
      return Error{Error::Kind::config,
                   rows.empty()
                       ? fmt::format("--fail-under: the table has no row '{}', since none of its members is in the run",
                                     threshold.dataset)
                       : fmt::format("--fail-under: {} has no number '{}'{}; it has {}", threshold.dataset, threshold.metric,
                                     did_you_mean(threshold.metric, metrics), first_names(metrics, 8))};
    const report::Row& row = **found;
    for (size_t model = 0; model < row.cells.size(); ++model) {
      const report::Cell& cell = row.cells[model];
      if (!cell.value && cell.text == "-") continue;  // the model does not run on it
      const bool higher = cell.estimate.higher_is_better;
      // a gate that never fires is found by nobody
      if (cell.value && higher && *cell.value > 1 && threshold.value > 0 && threshold.value < 1)
        log_warning(fmt::format("--fail-under {}={:g}: numbers are as the table shows them, shares in percent ({:.2f}); if {:g} "
                                "is a share, write {:g}", threshold.dataset, threshold.value, *cell.value, threshold.value,
                                100 * threshold.value));
      if (cell.value && (higher ? *cell.value >= threshold.value : *cell.value <= threshold.value)) continue;
      code = exit_no;
      const std::string of = fmt::format("{} of {} on {}", row.metric, table.models[model], row.dataset);
      log_error(cell.value ? fmt::format("{} is {:.4g}, {} than the {:.4g} of --fail-under", of, *cell.value,
                                         higher ? "lower" : "higher", threshold.value)
                           : fmt::format("{} has no number ({}), which --fail-under asks for", of, cell.text));
    }
  }
  return code;
}

}  // namespace sextant::cli
