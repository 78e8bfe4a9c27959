#include "familiarity.hpp"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include "../config/perturb.hpp"
#include "../stats/rank_sum.hpp"
#include "answers.hpp"

namespace sextant::compare {
namespace {

constexpr std::string_view metric = "min_k_plus_plus";

// Of each text of the set; none where they cannot be read, of which the table tells.
std::vector<double> familiarity_of(const store::RunFolder& folder, const std::string& model, const std::string& dataset) {
  std::vector<double> out;
  std::error_code code;
  if (!std::filesystem::exists(folder.results(model, dataset), code)) return out;
  const auto answers = read_answers(folder, model, dataset, {});
  if (!answers) return out;
  const auto at = std::find(answers->metrics.begin(), answers->metrics.end(), metric);
  if (at == answers->metrics.end()) return out;
  for (const Question& question : answers->questions)
    if (const double value = question.values[static_cast<size_t>(at - answers->metrics.begin())]; !std::isnan(value))
      out.push_back(value);
  return out;
}

}  // namespace

void compare_familiarity(report::Table& table, const store::RunFolder& folder, const config::RunConfig& run) {
  std::vector<const config::DatasetConfig*> sets;
  for (const config::DatasetConfig& dataset : run.datasets)
    if (dataset.inferencer.id == "min_k" && !config::is_variant(dataset)) sets.push_back(&dataset);
  if (sets.size() < 2) return;
  for (const std::string& model : table.models) {
    const std::vector<double> first = familiarity_of(folder, model, sets[0]->task_name);
    for (size_t i = 1; i < sets.size() && !first.empty(); ++i) {
      const std::vector<double> other = familiarity_of(folder, model, sets[i]->task_name);
      if (other.empty()) continue;
      const stats::RankSum both = stats::rank_sum(first, other);
      table.findings.push_back(fmt::format(
          "{}: a text of {} is more familiar than one of {} in {:.1f} % of all pairs ({} and {} texts, {}; p {:.3g} by ranks, as far as "
          "the two sets would be alike had the model seen neither)",
          model, sets[0]->task_name, sets[i]->task_name, 100 * both.above, first.size(), other.size(), metric, both.p));
    }
  }
}

}  // namespace sextant::compare
