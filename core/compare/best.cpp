#include "best.hpp"
#include <algorithm>
#include <set>
#include "../stats/paired.hpp"
#include "compare.hpp"
#include "familiarity.hpp"
#include "robustness.hpp"

namespace sextant::compare {
namespace {

constexpr double significant = 0.05;

// b against a, in the metric's direction.
bool is_better(const Comparison& one) { return one.higher_is_better ? one.b > one.a : one.b < one.a; }

}  // namespace

std::optional<size_t> best_of(std::span<const Answers> models) {
  if (models.size() < 2 || models[0].metrics.empty()) return std::nullopt;
  const std::string& metric = models[0].metrics.front();
  size_t best = 0;
  for (size_t i = 1; i < models.size(); ++i) {
    const auto one = compare(models[best], models[i], metric, false);
    if (!one) return std::nullopt;
    if (is_better(*one)) best = i;
  }
  std::vector<double> p;
  for (size_t i = 0; i < models.size(); ++i) {
    if (i == best) continue;
    const auto one = compare(models[i], models[best], metric, false);
    if (!one || !is_better(*one)) return std::nullopt;
    p.push_back(one->p);
  }
  for (const double adjusted : stats::holm(p))
    if (!(adjusted <= significant)) return std::nullopt;
  return best;
}

void mark_best(report::Table& table, const store::RunFolder& folder,
               const std::function<JudgedBy(const std::string& dataset)>& judged_by) {
  if (table.models.size() < 2) return;
  std::set<std::string> seen;
  for (report::Row& row : table.rows) {
    if (!seen.insert(row.dataset).second) continue;  // a further metric
    std::vector<Answers> models;
    std::vector<size_t> columns;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      std::error_code code;
      if (!row.cells[i].value || !std::filesystem::exists(folder.results(table.models[i], row.dataset), code)) continue;
      auto answers = read_answers(folder, table.models[i], row.dataset, judged_by(row.dataset));
      if (!answers || answers->metrics.empty() || !row.metric.starts_with(answers->metrics.front())) break;
      models.push_back(*std::move(answers));
      columns.push_back(i);
    }
    const auto numbers =
        std::count_if(row.cells.begin(), row.cells.end(), [](const report::Cell& cell) { return cell.value.has_value(); });
    if (models.size() != static_cast<size_t>(numbers)) continue;
    if (const auto best = best_of(models)) row.cells[columns[*best]].best = true;
  }
}

void complete_table(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run,
                    const std::function<JudgedBy(const std::string& dataset)>& judged_by) {
  mark_best(table, folder, judged_by);
  measure_robustness(table, folder, run, judged_by);
  compare_familiarity(table, folder, run);
}

}  // namespace sextant::compare
