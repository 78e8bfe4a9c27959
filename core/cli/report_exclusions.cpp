#include "report_exclusions.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../config/rows.hpp"

namespace sextant::cli {
namespace {

constexpr uint64_t file_bytes_max = 256u << 20;

}  // namespace

Result<std::vector<compare::Without>> scores_without(const RunView& view, const config::RunConfig& run,
                                                     const std::string& file) {
  SXT_TRY(const std::string text, read_file(file, file_bytes_max));
  SXT_TRY(const auto named, config::reasoned_exclusions_from_lines(text, file));
  if (named.empty())
    return Error{
        Error::Kind::usage,
        fmt::format("{} names no row; write a row's number, or {{\"dataset\", \"index\", \"reason\"}}, in each line", file)};
  std::vector<bool> used(named.size());
  const auto is_of = [&](const config::Exclusion& row, const std::string& task, const std::string& abbr) {
    return row.dataset.empty() || row.dataset == task || row.dataset == abbr;
  };
  std::vector<compare::Without> out;
  std::vector<std::string> names;
  for (const config::DatasetConfig& dataset : run.datasets) names.push_back(dataset.abbr);
  for (const auto& one : named)
    if (const std::string& name = one.row.dataset;
        !name.empty() && std::find(names.begin(), names.end(), name) == names.end() && !config::find_dataset(run, name))
      return Error{Error::Kind::usage,
                   fmt::format("{}: the run has no data set '{}'{}", file, name, did_you_mean(name, names))};
  for (const std::string& model : view.models())
    for (const std::string& name : view.datasets(model)) {
      const config::DatasetConfig* dataset = config::find_dataset(run, name);
      const store::TaskRecord* task = view.task(model, name);
      if (!dataset || !task || task->status != "complete") continue;
      std::map<uint64_t, std::string> rows;
      for (const auto& one : named)
        if (is_of(one.row, name, dataset->abbr)) rows.emplace(one.row.row, one.reason);
      if (rows.empty()) continue;
      const auto answers = compare::read_answers(*view.folder, model, name, view.judged_by(name));
      if (!answers) {
        log_warning(fmt::format("{}: no score without the excluded rows: {}", name, answers.error().message));
        continue;
      }
      if (answers->metrics.empty()) {
        log_warning(fmt::format("{}: no score without the excluded rows: its numbers are over the whole set, and single samples "
                                "have none", name));
        continue;
      }
      std::set<uint64_t> there;
      for (const compare::Question& question : answers->questions) there.insert(question.index);
      for (size_t i = 0; i < named.size(); ++i)
        used[i] = used[i] || (is_of(named[i].row, name, dataset->abbr) && there.contains(named[i].row.row));
      compare::Without one = compare::without(*answers, rows);
      if (one.excluded == 0) continue;
      one.model = model;
      out.push_back(std::move(one));
    }
  for (size_t i = 0; i < named.size(); ++i)
    if (!used[i])
      return Error{Error::Kind::usage, fmt::format("{}: the run has no scored sample {}{}", file, named[i].row.row,
                                                   named[i].row.dataset.empty() ? "" : " of " + named[i].row.dataset)};
  return out;
}

}  // namespace sextant::cli
